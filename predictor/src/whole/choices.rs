//! Text of per-block choices.

/// Text that names no network of a space.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no network of {space}: {reason}")]
pub struct NoChoices {
    /// Its beginning.
    pub text: String,
    /// The space.
    pub space: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// The choices in `text`, joined by `-`: one per block, each a number below `candidates`.
pub(super) fn read<const BLOCKS: usize>(
    text: &str,
    space: &'static str,
    candidates: u8,
) -> Result<[u8; BLOCKS], NoChoices> {
    let wrong = |reason: String| NoChoices { text: text.chars().take(200).collect(), space, reason };
    let found: Vec<&str> = text.split('-').collect();
    if found.len() != BLOCKS {
        return Err(wrong(format!("{} choices joined by `-`, expected {BLOCKS}", found.len())));
    }
    let mut choices = [0; BLOCKS];
    for (index, (choice, text)) in choices.iter_mut().zip(found).enumerate() {
        *choice = text.parse().ok().filter(|number| *number < candidates).ok_or_else(|| {
            wrong(format!("choice {} is `{text}`, expected 0 to {}", index + 1, candidates - 1))
        })?;
    }
    Ok(choices)
}
