//! Writing the sizes of a model's inputs into it, so that every runtime loads the same model and nothing is open.

use std::collections::{HashMap, HashSet};

use prost::Message;

use super::input_shapes::{Resolved, resolve};
use super::proto::{Dimension, Shape, ValueInfo};
use super::wire::{Edit, Field, rewrite};
use super::{Declared, InputShapes, OnnxError, Side};

/// Fields of `ModelProto` and `GraphProto`.
const GRAPH: u64 = 7;
const INITIALIZER: u64 = 5;
const INPUT: u64 = 11;
const OUTPUT: u64 = 12;
const VALUE_INFO: u64 = 13;

/// The model with every open side of its inputs fixed; `None` if none is open.
///
/// A batch that nothing is given for is 1. Sides of other values that bear a name which an input has fixed are fixed with
/// it; other names are left out there, since runtimes take them for contradictions.
///
/// # Errors
/// [`OnnxError::Inputs`] for a side that stays open and for sizes that contradict the model, [`OnnxError::NotATensor`].
pub fn fix_inputs(onnx: &[u8], given: &InputShapes) -> Result<Option<Vec<u8>>, OnnxError> {
    let inputs = inputs_of(onnx)?;
    let Resolved { sizes, named } = resolve(&inputs, given)?;
    let is_open = |input: &Declared| {
        input.sides.as_ref().is_none_or(|sides| sides.iter().any(|side| !matches!(side, Side::Fixed(_))))
    };
    if !inputs.iter().any(is_open) {
        return Ok(None);
    }
    let sizes: HashMap<&str, &[u64]> =
        inputs.iter().map(|input| input.name.as_str()).zip(sizes.iter().map(Vec::as_slice)).collect();
    edit_graph(onnx, &mut |number, field| {
        let (INPUT | OUTPUT | VALUE_INFO, Field::Bytes(bytes)) = (number, field) else {
            return Ok(Edit::Keep);
        };
        let mut info = ValueInfo::decode(bytes)?;
        let Some(tensor) = info.r#type.as_mut().and_then(|of| of.tensor_type.as_mut()) else {
            return Ok(Edit::Keep);
        };
        match sizes.get(info.name.as_str()).filter(|_| number == INPUT) {
            Some(sizes) => {
                tensor.shape = Some(Shape { dim: sizes.iter().map(|size| fixed(*size)).collect() })
            }
            None => {
                for dim in tensor.shape.iter_mut().flat_map(|shape| &mut shape.dim) {
                    let name = std::mem::take(&mut dim.dim_param);
                    if let Some(size) = named.get(&name) {
                        *dim = fixed(*size);
                    }
                }
            }
        }
        Ok(Edit::Replace(info.encode_to_vec()))
    })
}

fn fixed(size: u64) -> Dimension {
    Dimension { dim_value: size as i64, dim_param: String::new() }
}

/// What the network reads: its inputs without those that are weights, which stood among them before IR version 4.
///
/// # Errors
/// [`OnnxError::NotATensor`], [`OnnxError`] for bytes that are no ONNX model.
pub fn inputs_of(onnx: &[u8]) -> Result<Vec<Declared>, OnnxError> {
    let (mut infos, mut weights, mut has_graph) = (Vec::new(), HashSet::new(), false);
    edit_graph(onnx, &mut |number, field| {
        has_graph = true;
        match (number, field) {
            (INPUT, Field::Bytes(bytes)) => infos.push(ValueInfo::decode(bytes)?),
            (INITIALIZER, Field::Bytes(bytes)) => drop(weights.insert(name_of_tensor(bytes)?)),
            _ => {}
        }
        Ok(Edit::Keep)
    })?;
    if !has_graph {
        return Err(OnnxError::NoGraph);
    }
    infos.retain(|info| !weights.contains(&info.name));
    let is_tensor = |info: &ValueInfo| info.r#type.as_ref().is_none_or(|of| of.tensor_type.is_some());
    match infos.iter().find(|info| !is_tensor(info)) {
        Some(info) => Err(OnnxError::NotATensor(info.name.clone())),
        None => Ok(infos.into_iter().map(Declared::read).collect()),
    }
}

/// A tensor's name, without a copy of its elements.
fn name_of_tensor(bytes: &[u8]) -> Result<String, OnnxError> {
    const NAME: u64 = 8;
    let mut name = String::new();
    rewrite(bytes, &mut |number, field| {
        if let (NAME, Field::Bytes(bytes)) = (number, field) {
            name = String::from_utf8_lossy(bytes).into_owned();
        }
        Ok(Edit::Keep)
    })?;
    Ok(name)
}

/// Edits the fields of a model's graph.
pub(super) fn edit_graph(
    onnx: &[u8],
    edit: &mut dyn FnMut(u64, Field<'_>) -> Result<Edit, OnnxError>,
) -> Result<Option<Vec<u8>>, OnnxError> {
    rewrite(onnx, &mut |number, field| match (number, field) {
        (GRAPH, Field::Bytes(graph)) => Ok(rewrite(graph, edit)?.map_or(Edit::Keep, Edit::Replace)),
        _ => Ok(Edit::Keep),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::proto::{Graph, Model, Tensor};
    use crate::onnx::{ModelGraph, chain_model};

    /// The chain's model with these sides of its input and output.
    fn open(sides: &[(i64, &str)]) -> Vec<u8> {
        let mut model = Model::decode(&*chain_model(2)).unwrap();
        let graph = model.graph.as_mut().unwrap();
        for info in graph.input.iter_mut().chain(&mut graph.output) {
            let dims = sides
                .iter()
                .map(|(size, name)| Dimension { dim_value: *size, dim_param: (*name).to_owned() });
            let tensor = info.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
            tensor.shape = Some(Shape { dim: dims.collect() });
        }
        model.encode_to_vec()
    }

    fn graph(onnx: &[u8]) -> Graph {
        Model::decode(onnx).unwrap().graph.unwrap()
    }

    fn dims(info: &ValueInfo) -> Vec<(i64, String)> {
        let tensor = info.r#type.as_ref().unwrap().tensor_type.as_ref().unwrap();
        let shape = tensor.shape.as_ref().unwrap();
        shape.dim.iter().map(|dim| (dim.dim_value, dim.dim_param.clone())).collect()
    }

    #[test]
    fn open_sides_are_fixed_and_nothing_else_changes() {
        assert_eq!(fix_inputs(&chain_model(2), &InputShapes::new()).unwrap(), None);
        let onnx = open(&[(0, "N"), (3, ""), (0, "h"), (0, "")]);
        let given = InputShapes::from([(None, vec![1, 3, 20, 30])]);
        let mut bytes = onnx.clone();
        // A field that this program does not know: 99, of one byte.
        bytes.extend([0x9a, 0x06, 0x01, 0x55]);
        let closed = fix_inputs(&bytes, &given).unwrap().unwrap();
        assert!(closed.ends_with(&[0x9a, 0x06, 0x01, 0x55]));
        let (before, after) = (graph(&onnx), graph(&closed));
        assert_eq!((before.node, before.initializer), (after.node, after.initializer));
        let plain = |sizes: [i64; 4]| sizes.map(|size| (size, String::new())).to_vec();
        assert_eq!(dims(&after.input[0]), plain([1, 3, 20, 30]));
        // Its last side has no name by which it could be known.
        assert_eq!(dims(&after.output[0]), plain([1, 3, 20, 0]));
        assert_eq!(fix_inputs(&closed, &InputShapes::new()).unwrap(), None);
    }

    #[test]
    fn a_model_is_read_with_names_and_scalars() {
        let sides = |onnx: &[u8]| ModelGraph::read(onnx).unwrap().inputs.remove(0).sides;
        let named = [Side::Named("seq".to_owned()), Side::Open, Side::Open, Side::Fixed(32)];
        assert_eq!(sides(&open(&[(0, "seq"), (-1, "?"), (0, ""), (32, "")])), Some(named.to_vec()));
        // Of no side, and of any number of them.
        assert_eq!(sides(&open(&[])), Some(Vec::new()));
        let mut model = Model::decode(&*open(&[])).unwrap();
        let input = &mut model.graph.as_mut().unwrap().input[0];
        input.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().shape = None;
        assert_eq!(sides(&model.encode_to_vec()), None);
        model.opset_import[0].version = 6;
        let error = ModelGraph::read(&model.encode_to_vec()).unwrap_err().to_string();
        assert!(
            error.contains("set 6") && error.contains("from 7 on") && error.contains("convert"),
            "{error}"
        );
    }

    #[test]
    fn weights_among_the_inputs_are_none() {
        let mut model = Model::decode(&*open(&[(0, "N"), (8, "")])).unwrap();
        let graph = model.graph.as_mut().unwrap();
        let mut weight = graph.input[0].clone();
        weight.name = "low".to_owned();
        graph.input.push(weight);
        let closed = fix_inputs(&model.encode_to_vec(), &InputShapes::from([(None, vec![4, 8])])).unwrap();
        assert_eq!(
            ModelGraph::read(&closed.unwrap()).unwrap().inputs[0],
            Declared::floats("value0", &[4, 8])
        );
    }

    #[test]
    fn what_is_no_tensor_or_no_model_is_refused() {
        let mut model = Model::decode(&*chain_model(2)).unwrap();
        model.graph.as_mut().unwrap().input[0].r#type.as_mut().unwrap().tensor_type = None;
        let error = fix_inputs(&model.encode_to_vec(), &InputShapes::new()).unwrap_err().to_string();
        assert!(error.contains("input `value0` is no tensor"), "{error}");
        assert!(matches!(fix_inputs(b"", &InputShapes::new()), Err(OnnxError::NoGraph)));
        assert!(fix_inputs(b"text", &InputShapes::new()).is_err());
    }

    #[test]
    fn a_tensor_is_named_without_its_elements() {
        let tensor = Tensor { name: "w".to_owned(), raw_data: vec![1; 9], ..Tensor::default() };
        assert_eq!(name_of_tensor(&tensor.encode_to_vec()).unwrap(), "w");
    }
}
