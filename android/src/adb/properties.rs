use std::collections::BTreeMap;

/// A phone's system properties, as `getprop` prints them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Properties {
    values: BTreeMap<String, String>,
}

impl Properties {
    /// Reads lines of the form `[name]: [value]`; a value may go on over several lines. Other text is passed over, as
    /// phones print warnings between the lines.
    pub(crate) fn parse(text: &str) -> Self {
        let mut values = BTreeMap::new();
        let mut lines = text.lines().map(|line| line.trim_end_matches('\r'));
        while let Some(line) = lines.next() {
            let Some((name, start)) = line.strip_prefix('[').and_then(|line| line.split_once("]: [")) else {
                continue;
            };
            let mut value = start.to_owned();
            while !value.ends_with(']') {
                let Some(more) = lines.next() else { break };
                value.push('\n');
                value.push_str(more);
            }
            values.insert(name.to_owned(), value.strip_suffix(']').unwrap_or(&value).to_owned());
        }
        Self { values }
    }

    /// Value of the first of `names` that is set to something: its first line, and no more of it than names are long.
    pub(crate) fn first_of(&self, names: &[&str]) -> Option<&str> {
        const MOST_CHARACTERS: usize = 200;
        let set = names.iter().filter_map(|name| self.values.get(*name));
        let line = set.filter_map(|value| value.trim().lines().next()).next()?;
        let end = line.char_indices().nth(MOST_CHARACTERS).map_or(line.len(), |(end, _)| end);
        Some(line[..end].trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_empty_bracketed_or_long() {
        let text = "WARNING: linker: something\r\n[ro.product.model]: [Pixel 6]\r\n[ro.soc.model]: []\r\n\
            [ro.hardware]: [oriole]\r\n[persist.note]: [one\ntwo [2]\nthree]\n[cut.off]: [half";
        let properties = Properties::parse(text);
        assert_eq!(properties.first_of(&["ro.product.model"]), Some("Pixel 6"));
        assert_eq!(properties.first_of(&["ro.soc.model", "ro.hardware"]), Some("oriole"));
        // The second line ends with a bracket, so it looks like the last one; nothing after it is lost.
        assert_eq!(properties.values["persist.note"], "one\ntwo [2");
        assert_eq!(properties.first_of(&["persist.note"]), Some("one"), "no name has two lines");
        assert_eq!(properties.first_of(&["cut.off"]), Some("half"));
        assert_eq!(properties.first_of(&["no.such"]), None);
        let endless = Properties::parse(&format!("[ro.product.model]: [{}]", "ö".repeat(1_000_000)));
        assert_eq!(endless.first_of(&["ro.product.model"]), Some("ö".repeat(200).as_str()));
    }
}
