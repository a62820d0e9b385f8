use serde::Deserialize;

/// Something that a profiler on the phone says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// A row of the table, as the JSON line that it is.
    Row {
        line: String,
        /// What it is a row of: subject and cache state.
        of: (String, String),
        /// Whether it is the table's, or may still move.
        is_final: bool,
    },
    Phase(Phase),
    Ended(i32),
    /// Anything else, on stdout.
    Out(String),
    /// Anything else, on stderr.
    Err(String),
}

/// Where a profiler is, as `profiler run --progress lines` says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Models are made and loaded.
    Loading { subjects: u64 },
    /// Models run for the first times.
    WarmingUp { known: u64, subjects: u64 },
    /// Subjects take turns: those that need no more, how often all have begun one, and seconds as far as is known.
    Measuring { known: u64, subjects: u64, round: u64, spent_s: f64, left_s: Option<f64> },
    /// The layers of one network after the other: networks done, the one that is measured now, and seconds as far as is known.
    Layers { known: u64, networks: u64, network: Option<String>, spent_s: f64, left_s: Option<f64> },
    /// The phone is too hot.
    Cooling {
        skin_celsius: Option<f64>,
        soc_celsius: Option<f64>,
        skin_goal_celsius: f64,
        soc_goal_celsius: f64,
    },
    /// All is measured, in seconds since the profiler began to load.
    Done { profiler_s: f64 },
}

/// What ends a job's stderr: nothing a profiler says.
pub(super) const END: &str = "tailor-exit ";

/// A line of stdout. One that was torn off in its middle says nothing.
pub(super) fn of_stdout(line: &[u8]) -> Option<Event> {
    #[derive(Deserialize)]
    struct Row {
        subject: String,
        cache: String,
        r#final: bool,
    }
    let line = whole(line)?;
    Some(match serde_json::from_str::<Row>(&line) {
        Ok(row) => Event::Row { of: (row.subject, row.cache), is_final: row.r#final, line },
        Err(_) => Event::Out(line),
    })
}

/// A line of stderr. One that was torn off in its middle says nothing.
pub(super) fn of_stderr(line: &[u8]) -> Option<Event> {
    let line = whole(line)?;
    if let Some(code) = line.strip_prefix(END).and_then(|code| code.parse().ok()) {
        return Some(Event::Ended(code));
    }
    Some(serde_json::from_str(&line).map_or(Event::Err(line), Event::Phase))
}

fn whole(line: &[u8]) -> Option<String> {
    let line = line.strip_suffix(b"\n")?;
    Some(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_phases_are_told_from_text() {
        let line = r#"{"final":true,"subject":"gpool-4x4x8","cache":"hot","latency_ms":0.5}"#;
        let of = ("gpool-4x4x8".to_owned(), "hot".to_owned());
        let row = Event::Row { line: line.to_owned(), of, is_final: true };
        assert_eq!(of_stdout(format!("{line}\n").as_bytes()), Some(row));
        assert_eq!(of_stdout(b"{\"key\":1}\r\n"), Some(Event::Out("{\"key\":1}".to_owned())));
        let cooling = br#"{"phase":"cooling","skin_celsius":46.5,"soc_celsius":null,"skin_goal_celsius":41,"soc_goal_celsius":76}
"#;
        assert!(matches!(
            of_stderr(cooling),
            Some(Event::Phase(Phase::Cooling { skin_celsius: Some(46.5), soc_celsius: None, .. }))
        ));
        let layers =
            br#"{"phase":"layers","known":1,"networks":3,"network":"onnx-a","spent_s":2.5,"left_s":5.0}
"#;
        assert!(matches!(of_stderr(layers), Some(Event::Phase(Phase::Layers { known: 1, networks: 3, .. }))));
        assert_eq!(of_stderr(b"tailor-exit 2\n"), Some(Event::Ended(2)));
        assert_eq!(of_stderr(b"warning: hot\n"), Some(Event::Err("warning: hot".to_owned())));
    }

    #[test]
    fn whatever_is_torn_off_says_nothing() {
        let line = b"{\"final\":false,\"subject\":\"gpool-4x4x8\",\"cache\":\"hot\",\"latency_ms\":0.5}\n";
        for length in 0..line.len() {
            assert_eq!(of_stdout(&line[..length]), None, "{length}");
        }
        assert_eq!(of_stderr(b"tailor-exit 1"), None, "it might have become 137");
    }
}
