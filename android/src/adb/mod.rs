//! Phones, as the program `adb` sees them.

mod listing;
mod phone;
mod program;
mod properties;

pub use listing::{Connection, parse_listing};
pub use phone::{Phone, PhoneFacts, phones};
pub use program::Adb;
pub use properties::Properties;
