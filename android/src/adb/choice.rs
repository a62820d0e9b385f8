use super::{Adb, Connection, parse_listing};
use crate::error::AndroidError;
use std::time::Duration;

/// How long a phone on the network may take to answer.
const TO_CONNECT: Duration = Duration::from_secs(10);

/// Serial of the phone to use: the one named, or the only one that is ready.
///
/// A serial of the form `HOST:PORT` that adb does not know yet is connected to first.
pub(crate) fn choose(adb: &Adb, serial: Option<&str>) -> Result<String, AndroidError> {
    let mut listed = parse_listing(&adb.run(&["devices"])?)?;
    if let Some(serial) = serial.filter(|serial| is_on_network(serial))
        && !is_ready(&listed, serial)
        && adb.run_within(&["connect", serial], TO_CONNECT).is_ok()
    {
        listed = parse_listing(&adb.run(&["devices"])?)?;
    }
    pick(listed, serial)
}

/// Whether it is an address rather than a phone's own number.
pub(crate) fn is_on_network(serial: &str) -> bool {
    serial.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn is_ready(listed: &[(String, Connection)], serial: &str) -> bool {
    listed.iter().any(|(name, connection)| name == serial && *connection == Connection::Ready)
}

fn pick(listed: Vec<(String, Connection)>, serial: Option<&str>) -> Result<String, AndroidError> {
    let known = || listed.iter().map(|(serial, _)| serial.clone()).collect::<Vec<_>>();
    let candidates: Vec<_> = match serial {
        Some(serial) => listed.iter().filter(|(name, _)| name == serial).collect(),
        None => listed.iter().filter(|(_, connection)| *connection == Connection::Ready).collect(),
    };
    match (candidates.as_slice(), serial) {
        ([(serial, Connection::Ready)], _) => Ok(serial.clone()),
        ([(serial, connection), ..], Some(_)) => Err(not_ready(serial, connection)),
        ([_, _, ..], None) => Err(AndroidError::SeveralPhones {
            serials: candidates.into_iter().map(|(serial, _)| serial.clone()).collect(),
        }),
        (_, Some(serial)) => Err(AndroidError::UnknownSerial { serial: serial.to_owned(), known: known() }),
        (_, None) => Err(listed
            .first()
            .map_or(AndroidError::NoPhone, |(serial, connection)| not_ready(serial, connection))),
    }
}

fn not_ready(serial: &str, connection: &Connection) -> AndroidError {
    AndroidError::NotReady { serial: serial.to_owned(), connection: connection.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(phones: &[(&str, &str)], serial: Option<&str>) -> Result<String, String> {
        let listed = phones.iter().map(|(serial, state)| ((*serial).to_owned(), Connection::from(*state)));
        pick(listed.collect(), serial).map_err(|error| error.to_string())
    }

    #[test]
    fn one_ready_phone_is_chosen_and_nothing_is_guessed() {
        let (ready, locked, second) = (("A 1;x", "device"), ("B", "unauthorized"), ("C", "device"));
        assert_eq!(picked(&[ready], None).unwrap(), "A 1;x");
        assert_eq!(picked(&[ready, locked], None).unwrap(), "A 1;x");
        assert_eq!(picked(&[ready, second], Some("C")).unwrap(), "C");
        assert!(picked(&[ready, second], None).unwrap_err().contains("`A 1;x`, `C`"));
        assert!(picked(&[ready, locked], Some("B")).unwrap_err().contains("unlock the phone"));
        assert!(picked(&[locked], None).unwrap_err().contains("`B` is unauthorized"));
        assert!(picked(&[ready], Some("D")).unwrap_err().contains("no phone `D`"));
        assert!(picked(&[], Some("D")).unwrap_err().contains("no phone `D`"));
        assert!(picked(&[], None).unwrap_err().starts_with("no phone: "));
    }

    #[test]
    fn addresses_are_not_serials() {
        assert!(is_on_network("192.168.1.5:5555") && is_on_network("[::1]:5555"));
        assert!(!is_on_network("0A041FDD4000AB") && !is_on_network("x:y") && !is_on_network(":5555"));
    }
}
