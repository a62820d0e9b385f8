use crate::{connection::Connection, error::AndroidError};

/// Serial and state of every phone in the output of `adb devices`, in its order.
///
/// The short form is read, not `-l`: it puts a tab between the two, and serials of phones on the network hold spaces.
///
/// What stands before its headline are adb's own messages: about its daemon, or a server of another version.
pub(crate) fn parse_listing(text: &str) -> Result<Vec<(String, Connection)>, AndroidError> {
    let mut lines = text.lines().map(|line| line.trim_end_matches('\r'));
    // Old versions put a space behind it.
    if !lines.by_ref().any(|line| line.trim_end() == "List of devices attached") {
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(AndroidError::UnknownListing { line: line.to_owned() });
    }
    lines
        .filter(|line| !line.trim().is_empty() && !line.starts_with("* "))
        .map(|line| match line.split_once('\t') {
            Some((serial, state)) if !serial.is_empty() => {
                Ok((serial.to_owned(), Connection::from(state.trim())))
            }
            _ => Err(AndroidError::UnknownListing { line: line.to_owned() }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line() {
        let text = "adb server version (36) doesn't match this client (41); killing...\n\
            * daemon not running; starting now at tcp:5037\n* daemon started successfully\n\
            List of devices attached \n0A041FDD4000AB\tdevice\nemulator-5554\toffline\nR58M123\tunauthorized\n\
            HT7\tno permissions (user in plugdev group; are your udev rules wrong?); see [http://developer.android.com]\n\
            adb-2B091JEGR05934-VUaKMd (2)._adb-tls-connect._tcp\tdevice\n127.0.0.1:7777\trecovery\r\n\n";
        let phones = parse_listing(text).unwrap();
        let expected = [
            ("0A041FDD4000AB", Connection::Ready),
            ("emulator-5554", Connection::Offline),
            ("R58M123", Connection::Unauthorized),
            ("HT7", Connection::NoPermission),
            ("adb-2B091JEGR05934-VUaKMd (2)._adb-tls-connect._tcp", Connection::Ready),
            ("127.0.0.1:7777", Connection::Other("recovery".to_owned())),
        ];
        assert_eq!(phones, expected.map(|(serial, state)| (serial.to_owned(), state)));
    }

    #[test]
    fn no_phone_is_an_empty_list_and_nonsense_an_error() {
        assert_eq!(parse_listing("List of devices attached\n\n").unwrap(), []);
        let error = parse_listing("List of devices attached\nhello there\n").unwrap_err().to_string();
        assert_eq!(error, "cannot understand what `adb devices` says: `hello there`");
        assert!(parse_listing("").unwrap_err().to_string().ends_with("says: ``"));
    }
}
