use crate::error::AndroidError;

/// `text` as one word for the phone's shell, whatever it holds.
///
/// `adb shell` joins its arguments with spaces and has the phone's shell (mksh) read the result, so every argument that
/// is not a literal of ours passes through here. Single quotes keep everything as it is except the single quote itself,
/// which is closed, escaped and opened again. Source: POSIX.1-2024, Shell Command Language, §2.2.2.
pub(crate) fn quote_for_phone(text: &str) -> Result<String, AndroidError> {
    if text.contains('\0') {
        return Err(AndroidError::ZeroByte { text: text.to_owned() });
    }
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    /// What a POSIX shell passes on to a program, given the quoted text.
    fn through_a_shell(text: &str) -> String {
        let script = format!("printf %s {}", quote_for_phone(text).unwrap());
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn a_shell_gives_back_any_text(text in "[^\0]{0,40}") {
            prop_assert_eq!(through_a_shell(&text), text);
        }

        #[test]
        fn a_shell_runs_nothing(text in r#"[ '"\\$`;&|<>(){}*?~#!a-c\n-]{0,40}"#) {
            prop_assert_eq!(through_a_shell(&text), text);
        }
    }

    #[test]
    fn quotes_by_hand() {
        assert_eq!(quote_for_phone("").unwrap(), "''");
        assert_eq!(quote_for_phone("it's; rm -rf /").unwrap(), r"'it'\''s; rm -rf /'");
        assert!(quote_for_phone("a\0b").unwrap_err().to_string().starts_with(r"`a\0b` holds a zero byte"));
    }
}
