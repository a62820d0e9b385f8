//! Phones, as the program `adb` sees them.

mod choice;
mod limited;
mod listing;
mod phone;
mod program;
mod properties;

pub use crate::connection::Connection;
pub use choice::choose;
pub(crate) use choice::is_on_network;
pub use listing::parse_listing;
pub use phone::{Phone, PhoneFacts, phones};
pub use program::Adb;
pub use properties::Properties;
