//! Architecture JSON: one network.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ReadError, WriteError, read_document, write_document};
use crate::spec::{Architecture, OpSpec, SpecError};

const FORMAT: &str = "tailor-architecture";
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    space: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    choices: Vec<String>,
    ops: Vec<String>,
}

/// Reads an architecture.
///
/// # Errors
/// [`ReadError`] naming the file and what is wrong, down to the op.
pub fn read_architecture(path: &Path) -> Result<Architecture, ReadError> {
    let body: Body = read_document(path, FORMAT, VERSION)?;
    let wrong = |e: SpecError| ReadError::Content { path: path.to_owned(), reason: e.to_string() };
    let ops =
        body.ops.iter().map(|key| key.parse::<OpSpec>()).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    Architecture::new(&body.name, body.space.map(|space| (space, body.choices)), ops).map_err(wrong)
}

/// Writes an architecture.
///
/// # Errors
/// [`WriteError`].
pub fn write_architecture(path: &Path, network: &Architecture) -> Result<(), WriteError> {
    let (space, choices) = match network.path() {
        Some((space, choices)) => (Some(space.to_owned()), choices.to_vec()),
        None => (None, Vec::new()),
    };
    let ops = network.ops().iter().map(OpSpec::key).collect();
    write_document(path, FORMAT, VERSION, &Body { name: network.name().to_owned(), space, choices, ops })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::SpaceFile;

    #[test]
    fn a_network_round_trips_and_broken_files_say_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("net.json");
        let network =
            SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap().baseline().unwrap();
        write_architecture(&path, &network).unwrap();
        assert_eq!(read_architecture(&path).unwrap(), network);

        let text = std::fs::read_to_string(&path).unwrap();
        let newer = text.replace("\"version\": 1", "\"version\": 7");
        let other = text.replace("tailor-architecture", "other");
        let cases = [
            (newer, "version 7 of `tailor-architecture` is not known"),
            (other, "expected a file with format `tailor-architecture`"),
            (text.replace("-e6-k3-s2", "-e6-k4-s2"), "the kernel must be odd"),
            (text.replace("linear-1x1x256", "linear-1x1x257"), "takes 1x1x257"),
            (text[..text.len() / 2].to_owned(), "not valid JSON"),
            ("[]".to_owned(), "no JSON object"),
        ];
        for (broken, reason) in cases {
            std::fs::write(&path, broken).unwrap();
            let error = read_architecture(&path).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("net.json"), "{error}");
        }
    }
}
