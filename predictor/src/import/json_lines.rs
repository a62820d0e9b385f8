//! JSON with the lines on which its parts begin, and with keys that stand twice.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The entries of a JSON object in their order, also those of a key that stands twice.
#[derive(Debug)]
pub(super) struct Entries<T = Value>(pub(super) Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Collect<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Collect(std::marker::PhantomData))
    }
}

/// Line, from 1, of each entry at some depth: keys of objects, or objects of an array. 1 is the outermost.
///
/// The text must be JSON: other text gives lines of no meaning.
pub(super) fn lines_at(text: &str, depth: usize) -> Vec<u64> {
    let (mut line, mut level, mut inside, mut escaped) = (1_u64, 0_usize, false, false);
    let mut lines = Vec::new();
    // Where the string that was read last began.
    let mut string_line = 1;
    for byte in text.bytes() {
        line += u64::from(byte == b'\n');
        if inside {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => inside = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => (inside, string_line) = (true, line),
            b':' if level == depth => lines.push(string_line),
            b'{' | b'[' => {
                level += 1;
                if byte == b'{' && level == depth + 1 && text.trim_start().starts_with('[') {
                    lines.push(line);
                }
            }
            b'}' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_repeated_keys_are_kept() {
        let text = "{\n \"a\": {\"x:{\": 1,\n \"y\\\"\": 2},\n\n \"a\": {\"z\": 3}}";
        assert_eq!(lines_at(text, 1), [2, 5]);
        assert_eq!(lines_at(text, 2), [2, 3, 5]);
        let Entries(entries) = serde_json::from_str::<Entries<Entries>>(text).unwrap();
        let keys: Vec<(&str, usize)> = entries.iter().map(|(key, e)| (key.as_str(), e.0.len())).collect();
        assert_eq!(keys, [("a", 2), ("a", 1)]);
        assert_eq!(lines_at("[{\"a\": {}},\n{},{\n\"b\": [{}]}]", 1), [1, 2, 2]);
    }
}
