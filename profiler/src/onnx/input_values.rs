//! Values that are given for a model's inputs. They travel in the model's metadata, so that every runtime takes the same ones and
//! a journal tells one from another.

use std::collections::{BTreeMap, HashMap};

use prost::Message;

use super::fix_inputs::inputs_of;
use super::model_graph::values;
use super::proto::{Entry, Tensor};
use super::wire::{Edit, Field, push_bytes, rewrite};
use super::{OnnxError, Side};

/// A field of `ModelProto`, and what the keys of its entries begin with.
const METADATA: u64 = 14;
const PREFIX: &str = "tailor.input.";

/// The values of an input, by its name: one that fills it, or all of them row by row.
pub type InputValues = BTreeMap<String, Vec<f64>>;

/// The model with values for some of its inputs, whose sizes are fixed (see [`fix_inputs`](super::fix_inputs())).
///
/// # Errors
/// [`OnnxError::Values`] for an input that there is not, or that takes another number of them; [`OnnxError`] for bytes that are
/// no ONNX model.
pub fn give_values(mut onnx: Vec<u8>, given: &InputValues) -> Result<Vec<u8>, OnnxError> {
    if given.is_empty() {
        return Ok(onnx);
    }
    let inputs = inputs_of(&onnx)?;
    for (name, elements) in given {
        let wrong = |reason: String| OnnxError::Values { input: name.clone(), reason };
        let Some(input) = inputs.iter().find(|input| input.name == *name) else {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            return Err(wrong(format!("the model's inputs are {}", names.join(", "))));
        };
        let side = |side: &Side| if let Side::Fixed(size) = side { *size } else { 1 };
        let count = input.sides.iter().flatten().map(side).fold(1_u64, u64::saturating_mul);
        if elements.len() != 1 && elements.len() as u64 != count {
            return Err(wrong(format!("it takes {count}, or one for all, not {}", elements.len())));
        }
        let value = elements.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
        let entry = Entry { key: format!("{PREFIX}{name}"), value };
        push_bytes(&mut onnx, METADATA, &entry.encode_to_vec());
    }
    Ok(onnx)
}

/// The values that a model's metadata give for its inputs, by name.
///
/// # Errors
/// [`OnnxError::Values`] for text that is no numbers, [`OnnxError`] for bytes that are no ONNX model.
pub fn given_values(onnx: &[u8]) -> Result<HashMap<String, Vec<f64>>, OnnxError> {
    let mut given = HashMap::new();
    rewrite(onnx, &mut |number, field| {
        if let (METADATA, Field::Bytes(bytes)) = (number, field) {
            let Entry { key, value } = Entry::decode(bytes)?;
            if let Some(input) = key.strip_prefix(PREFIX) {
                let elements = value.split(' ').map(str::parse).collect::<Result<_, _>>();
                let reason = "the model's metadata has text that is no numbers".to_owned();
                let wrong = |_| OnnxError::Values { input: input.to_owned(), reason };
                given.insert(input.to_owned(), elements.map_err(wrong)?);
            }
        }
        Ok(Edit::Keep)
    })?;
    Ok(given)
}

/// The sides of a tensor as ONNX writes it to a file (`TensorProto`), and its elements row by row.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read_tensor(bytes: &[u8]) -> Result<(Vec<u64>, Vec<f64>), String> {
    let tensor = Tensor::decode(bytes).map_err(|error| format!("no tensor of ONNX: {error}"))?;
    let dims = tensor.dims.iter().map(|&side| u64::try_from(side)).collect::<Result<Vec<_>, _>>();
    let dims = dims.map_err(|_| format!("a tensor of ONNX of {:?}", tensor.dims))?;
    let elements = values(&tensor).ok_or_else(|| format!("numbers of ONNX's type {}", tensor.data_type))?;
    Ok((dims, elements))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{InputShapes, ModelGraph, chain_model, fix_inputs};

    #[test]
    fn values_travel_with_the_model() {
        let onnx = chain_model(2);
        assert_eq!(given_values(&onnx).unwrap(), HashMap::new());
        assert_eq!(fix_inputs(&onnx, &InputShapes::new()).unwrap(), None);
        let count: u64 =
            ModelGraph::read(&onnx).unwrap().shapes(&InputShapes::new()).unwrap()["value0"].elements();
        let whole: Vec<f64> = (0..count).map(|index| index as f64 / 3.0).collect();
        for elements in [vec![16_000.0], vec![-0.125e-30], whole.clone()] {
            let given = InputValues::from([("value0".to_owned(), elements.clone())]);
            let with = give_values(onnx.clone(), &given).unwrap();
            assert_eq!(given_values(&with).unwrap(), HashMap::from([("value0".to_owned(), elements)]));
        }
        let refused = |name: &str, elements: &[f64]| {
            let given = InputValues::from([(name.to_owned(), elements.to_vec())]);
            give_values(onnx.clone(), &given).unwrap_err().to_string()
        };
        let error = refused("value0", &whole[1..]);
        assert!(error.contains(&format!("it takes {count}, or one for all, not {}", count - 1)), "{error}");
        let error = refused("sr", &[1.0]);
        assert_eq!(error, "values of input `sr`: the model's inputs are value0");
    }

    #[test]
    fn a_tensor_has_sides_and_elements() {
        let tensor = Tensor { dims: vec![2, 1], data_type: 7, int64_data: vec![3, -4], ..Tensor::default() };
        assert_eq!(read_tensor(&tensor.encode_to_vec()), Ok((vec![2, 1], vec![3.0, -4.0])));
        let text = Tensor { data_type: 8, ..tensor };
        assert!(read_tensor(&text.encode_to_vec()).unwrap_err().contains("type 8"));
        assert!(read_tensor(b"\xff").is_err());
    }
}
