//! The sizes of a model's inputs, as they are given for those that it leaves open.

use std::collections::HashMap;

use super::{Declared, ShapeError, Side};

/// The sizes given for a model's inputs, by an input's name or that of a side that the model leaves open; one without a name is for
/// the only input.
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
    let mut named = given_sides(inputs, given)?;
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
    match given.keys().find(|name| !concerns(inputs, name.as_deref())) {
        Some(name) => Err(ShapeError::NoSuchInput {
            input: name.clone().unwrap_or_else(|| "the only input".to_owned()),
            inputs: inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", "),
        }),
        None => Ok(()),
    }
}

/// Whether what is given under a name, or without one, is for a model with these inputs.
pub(crate) fn concerns(inputs: &[Declared], name: Option<&str>) -> bool {
    name.map_or(inputs.len() == 1, |name| inputs.iter().flat_map(Declared::names).any(|known| known == name))
}

/// Sizes given for open sides, by their names.
fn given_sides(inputs: &[Declared], given: &InputShapes) -> Result<HashMap<String, u64>, ShapeError> {
    let mut named = HashMap::new();
    for (name, sizes) in given.iter().filter_map(|(name, sizes)| Some((name.as_ref()?, sizes))) {
        match sizes[..] {
            _ if inputs.iter().any(|input| input.name == *name) => {}
            [size] => drop(named.insert(name.clone(), size)),
            _ => return Err(ShapeError::OneSide { side: name.clone(), sizes: sizes.len() }),
        }
    }
    Ok(named)
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
    use crate::onnx::proto::{Dimension, FLOAT};

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
        assert_eq!(resolved(&pair, &["length=16"]).unwrap(), [[1, 16], [1, 16]]);
        assert!(resolved(&pair, &["length=16", "ids=1x8"]).unwrap_err().contains("`length` is 16"));
        assert!(resolved(&pair, &["length=1x16"]).unwrap_err().contains("takes one size, not 2"));
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
