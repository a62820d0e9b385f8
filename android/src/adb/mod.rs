//! Phones, as the program `adb` sees them.

mod choice;
mod limited;
mod listing;
mod phone;
mod program;
mod properties;

pub(crate) use crate::connection::Connection;
pub(crate) use choice::choose;
pub(crate) use choice::is_on_network;
pub(crate) use listing::parse_listing;
pub(crate) use phone::{Phone, PhoneFacts, ask, phones};
pub(crate) use program::Adb;
pub(crate) use properties::Properties;
