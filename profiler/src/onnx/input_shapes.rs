//! The sizes of a model's inputs: as it declares them, and as they are given for those that it leaves open.

use std::collections::HashMap;

use super::ShapeError;
use super::proto::{Dimension, FLOAT, ValueInfo};

/// The sizes given for a model's inputs, by name; one without a name is for the only input.
pub type InputShapes = HashMap<Option<String>, Vec<u64>>;

/// Largest size of a side that is believed.
const MOST: u64 = 1 << 24;

/// Reads shapes as people write them: `1x3x224x224`, or `NAME=1x3x224x224`. Commas serve as well.
///
/// # Errors
/// [`ShapeError::Given`] for text that is no list of sizes above 0, [`ShapeError::Twice`] for an input that has two.
pub fn read_input_shapes(given: &[String]) -> Result<InputShapes, ShapeError> {
    let mut shapes = InputShapes::new();
    for text in given {
        let (name, sizes) = match text.rsplit_once('=') {
            Some((name, sizes)) => (Some(name.to_owned()), sizes),
            None => (None, text.as_str()),
        };
        let size = |size: &str| size.trim().parse::<u64>().ok().filter(|size| (1..=MOST).contains(size));
        let sizes: Option<Vec<u64>> = sizes.split(['x', ',']).map(size).collect();
        let sizes = sizes.ok_or_else(|| ShapeError::Given { text: text.clone() })?;
        if shapes.insert(name.clone(), sizes).is_some() {
            return Err(ShapeError::Twice { input: name.unwrap_or_else(|| "the only input".to_owned()) });
        }
    }
    Ok(shapes)
}

/// One side of a value as the model declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// Of this size.
    Fixed(u64),
    /// Open, but the same wherever the name stands.
    Named(String),
    /// Open.
    Open,
}

impl Side {
    fn read(dim: Dimension) -> Self {
        match (u64::try_from(dim.dim_value), dim.dim_param) {
            (Ok(size @ 1..), _) => Self::Fixed(size),
            // Some exporters call every open side `?`.
            (_, name) if name.contains(char::is_alphabetic) => Self::Named(name),
            _ => Self::Open,
        }
    }

    /// Its size, where names have these; a batch that is left open is 1.
    fn size(&self, place: usize, named: &HashMap<String, u64>) -> Option<u64> {
        match self {
            Self::Fixed(size) => Some(*size),
            Self::Named(name) => named.get(name).copied().or_else(|| is_batch(name, place).then_some(1)),
            Self::Open => (place == 0).then_some(1),
        }
    }
}

/// Whether an open side is the batch: by its name anywhere; else the first one is, unless it is called a length.
fn is_batch(name: &str, place: usize) -> bool {
    let name = name.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    says(&["batch"]) || place == 0 && !says(&["seq", "len", "time", "step", "frame", "token"])
}

/// A value with its sides as the model declares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// `TensorProto.data_type`, 0 where it is not said.
    pub data_type: i32,
    /// Its sides, none for a single number; nothing where the model does not even say how many there are.
    pub sides: Option<Vec<Side>>,
}

impl Declared {
    /// A value of 32-bit floats with sides of these sizes.
    #[must_use]
    pub fn floats(name: &str, sizes: &[u64]) -> Self {
        let sides = sizes.iter().copied().map(Side::Fixed).collect();
        Self { name: name.to_owned(), data_type: FLOAT, sides: Some(sides) }
    }

    pub(super) fn read(info: ValueInfo) -> Self {
        let tensor = info.r#type.and_then(|of| of.tensor_type).unwrap_or_default();
        let sides = tensor.shape.map(|shape| shape.dim.into_iter().map(Side::read).collect());
        Self { name: info.name, data_type: tensor.elem_type, sides }
    }

    /// Its sizes, where names have these; nothing if a side stays open.
    pub(super) fn sizes(&self, named: &HashMap<String, u64>) -> Option<Vec<u64>> {
        self.sides.as_ref()?.iter().enumerate().map(|(place, side)| side.size(place, named)).collect()
    }
}

/// Sizes of a model's inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    /// Of each input, in order.
    pub(super) sizes: Vec<Vec<u64>>,
    /// Of each name that sides of inputs bear.
    pub(super) named: HashMap<String, u64>,
}

/// The sides of all inputs. Open ones come from what is given, or from another input's of the same name; an open batch is
/// 1 otherwise.
///
/// # Errors
/// [`ShapeError`] for a side that stays open, for what is given and contradicts the model, and for names that it has not.
pub(super) fn resolve(inputs: &[Declared], given: &InputShapes) -> Result<Resolved, ShapeError> {
    check_names(inputs, given)?;
    let of = |input: &Declared| given.get(&Some(input.name.clone())).or_else(|| given.get(&None));
    let mut named: HashMap<String, u64> = HashMap::new();
    for (input, sizes) in inputs.iter().filter_map(|input| Some((input, of(input)?))) {
        let Some(sides) = &input.sides else { continue };
        let contradiction = |reason: String| ShapeError::Contradiction {
            input: input.name.clone(),
            declared: describe(input.sides.as_deref()),
            given: sizes.iter().map(u64::to_string).collect::<Vec<_>>().join("x"),
            reason,
        };
        if sides.len() != sizes.len() {
            return Err(contradiction(format!("it has {} sides, not {}", sides.len(), sizes.len())));
        }
        for (side, size) in sides.iter().zip(sizes) {
            match side {
                Side::Fixed(fixed) if fixed != size => {
                    return Err(contradiction(format!("{fixed} is fixed in the model")));
                }
                Side::Named(name) => {
                    let known = *named.entry(name.clone()).or_insert(*size);
                    if known != *size {
                        return Err(contradiction(format!("side `{name}` is {known} elsewhere")));
                    }
                }
                Side::Fixed(_) | Side::Open => {}
            }
        }
    }
    let mut resolved = Vec::with_capacity(inputs.len());
    for input in inputs {
        let open = || ShapeError::OpenInput {
            input: input.name.clone(),
            declared: describe(input.sides.as_deref()),
            example: example(input.sides.as_deref()),
        };
        let sizes = of(input).cloned().or_else(|| input.sizes(&named)).ok_or_else(open)?;
        for (side, size) in input.sides.iter().flatten().zip(&sizes) {
            if let Side::Named(name) = side {
                named.insert(name.clone(), *size);
            }
        }
        resolved.push(sizes);
    }
    Ok(Resolved { sizes: resolved, named })
}

fn check_names(inputs: &[Declared], given: &InputShapes) -> Result<(), ShapeError> {
    let is_known = |name: &Option<String>| match name {
        Some(name) => inputs.iter().any(|input| input.name == *name),
        None => inputs.len() == 1,
    };
    match given.keys().find(|name| !is_known(name)) {
        Some(name) => Err(ShapeError::NoSuchInput {
            input: name.clone().unwrap_or_else(|| "the only input".to_owned()),
            inputs: inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", "),
        }),
        None => Ok(()),
    }
}

fn describe(sides: Option<&[Side]>) -> String {
    let Some(sides) = sides else { return "of no known shape".to_owned() };
    let side = |side: &Side| match side {
        Side::Fixed(size) => size.to_string(),
        Side::Named(name) => name.clone(),
        Side::Open => "?".to_owned(),
    };
    format!("[{}]", sides.iter().map(side).collect::<Vec<_>>().join(", "))
}

/// Sizes that would do, as somebody could give them: an image of 224 pixels, or a list of 128.
fn example(sides: Option<&[Side]>) -> String {
    let Some(sides) = sides else { return "1x3x224x224".to_owned() };
    let size = |(place, side): (usize, &Side)| match (side, place, sides.len()) {
        (Side::Fixed(size), ..) => *size,
        (_, 0, _) => 1,
        (_, 1, 4) => 3,
        (_, _, 4) => 224,
        _ => 128,
    };
    sides.iter().enumerate().map(size).map(|size| size.to_string()).collect::<Vec<_>>().join("x")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(texts: &[&str]) -> InputShapes {
        read_input_shapes(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn sizes_are_read_with_and_without_a_name() {
        let found = given(&["1x3x224x192", "a=b=1, 8"]);
        assert_eq!(found[&None], [1, 3, 224, 192]);
        assert_eq!(found[&Some("a=b".to_owned())], [1, 8]);
        for wrong in ["", "1,0,2", "1xa", "x=", "1,,2", "1,99999999999", "1x-3", "1x2.5"] {
            let error = read_input_shapes(&[wrong.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(&format!("`{wrong}`")) && error.contains("1x3x224x224"), "{error}");
        }
        let error = read_input_shapes(&["x=1x2".to_owned(), "x=1x3".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "two shapes are given for input x");
    }

    fn input(name: &str, sides: Option<&[&str]>) -> Declared {
        let side = |text: &&str| {
            Side::read(Dimension { dim_value: text.parse().unwrap_or(0), dim_param: (*text).to_owned() })
        };
        let sides = sides.map(|sides| sides.iter().map(side).collect());
        Declared { name: name.to_owned(), data_type: FLOAT, sides }
    }

    fn resolved(inputs: &[Declared], texts: &[&str]) -> Result<Vec<Vec<u64>>, String> {
        resolve(inputs, &given(texts)).map(|resolved| resolved.sizes).map_err(|error| error.to_string())
    }

    #[test]
    fn an_open_batch_is_one_and_other_open_sides_are_asked_for() {
        let image = [input("x", Some(&["N", "3", "h", "w"]))];
        let error = resolved(&image, &[]).unwrap_err();
        assert_eq!(
            error,
            "input `x` is [N, 3, h, w]: its size is left open; give one, such as x=1x3x224x224"
        );
        assert_eq!(resolved(&image, &["1x3x64x80"]).unwrap(), [[1, 3, 64, 80]]);
        assert_eq!(resolved(&image, &["x=2x3x64x80"]).unwrap(), [[2, 3, 64, 80]]);
        let batch = [input("x", Some(&["?", "8"]))];
        assert_eq!(resolved(&batch, &[]).unwrap(), [[1, 8]]);
        // A scalar has no side that could be open; an input of no known shape may have any.
        assert_eq!(resolved(&[input("x", Some(&[]))], &[]).unwrap(), [[0_u64; 0]]);
        assert!(resolved(&[input("x", None)], &[]).unwrap_err().contains("of no known shape"));
        assert_eq!(resolved(&[input("x", None)], &["4x4"]).unwrap(), [[4, 4]]);
    }

    #[test]
    fn inputs_share_their_named_sides() {
        let pair = [input("ids", Some(&["N", "length"])), input("mask", Some(&["N", "length"]))];
        assert_eq!(resolved(&pair, &["mask=2x16"]).unwrap(), [[2, 16], [2, 16]]);
        let error = resolved(&pair, &["ids=1x16", "mask=1x8"]).unwrap_err();
        assert!(error.contains("side `length` is") && error.contains("elsewhere"), "{error}");
        assert!(resolved(&pair, &[]).unwrap_err().contains("ids=1x128"));
        assert!(resolved(&pair, &["1x16"]).unwrap_err().contains("the model's inputs are ids, mask"));
        assert!(resolved(&pair, &["other=1x16"]).unwrap_err().contains("`other`"));
    }

    #[test]
    fn the_batch_may_stand_anywhere_and_a_length_is_none() {
        let sequence = |sides: &[&str]| resolved(&[input("x", Some(sides))], &[]);
        assert_eq!(sequence(&["16", "batch_size", "8"]).unwrap(), [[16, 1, 8]]);
        assert!(sequence(&["seq_len", "batch", "8"]).unwrap_err().contains("[seq_len, batch, 8]"));
        // A side called `?` is like no other.
        let open = [input("x", Some(&["?", "3", "?", "?"]))];
        assert_eq!(resolved(&open, &["1x3x48x192"]).unwrap(), [[1, 3, 48, 192]]);
    }

    #[test]
    fn what_the_model_fixes_stays() {
        let image = [input("x", Some(&["1", "3", "h", "w"]))];
        let error = resolved(&image, &["1x4x8x8"]).unwrap_err();
        assert_eq!(error, "shape x=1x4x8x8: input `x` is [1, 3, h, w]: 3 is fixed in the model");
        assert!(resolved(&image, &["1x3x8"]).unwrap_err().contains("it has 4 sides, not 3"));
    }
}
