//! `--input-shape`: the sizes of a network's inputs that its model leaves open.

use profiler::onnx::InputShapes;

use crate::PredictorError;

/// Reads `1,3,224,224`, or `name=1,3,224,224` for one of several inputs.
///
/// # Errors
/// [`PredictorError::Option`] for text that is no list of sizes above 0.
pub(super) fn input_shapes(given: &[String]) -> Result<InputShapes, PredictorError> {
    let read = |text: &String| {
        let (name, sizes) = match text.rsplit_once('=') {
            Some((name, sizes)) => (Some(name.to_owned()), sizes),
            None => (None, text.as_str()),
        };
        let size = |size: &str| size.trim().parse::<u64>().ok().filter(|size| (1..=1 << 24).contains(size));
        let sizes: Option<Vec<u64>> = sizes.split(',').map(size).collect();
        sizes.map(|sizes| (name, sizes)).ok_or_else(|| PredictorError::Option {
            option: "--input-shape",
            value: format!("`{text}`"),
            expected: "sizes such as 1,3,224,224, perhaps with the input's name before them: x=1,3,224,224",
        })
    };
    given.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_a_name() {
        let found = input_shapes(&["1,3,224,192".to_owned(), "a=b=1, 8".to_owned()]).unwrap();
        assert_eq!(found[&None], [1, 3, 224, 192]);
        assert_eq!(found[&Some("a=b".to_owned())], [1, 8]);
        for wrong in ["", "1,0,2", "1,x", "x=", "1,,2", "1,99999999999"] {
            let error = input_shapes(&[wrong.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(&format!("`{wrong}`")), "{error}");
        }
    }
}
