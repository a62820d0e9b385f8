//! Weights that lie in files beside the model, taken into it.

use prost::Message;

use super::OnnxError;
use super::fix_inputs::edit_graph;
use super::proto::Entry;
use super::wire::{Edit, Field, push_bytes, rewrite};

/// Fields of `GraphProto`.
const NODE: u64 = 1;
const INITIALIZER: u64 = 5;
/// A field of `NodeProto`.
const ATTRIBUTE: u64 = 5;
/// Fields of `AttributeProto`: a tensor, a graph, tensors, graphs.
const T: u64 = 5;
const G: u64 = 6;
const TENSORS: u64 = 10;
const GRAPHS: u64 = 11;
/// Fields of `TensorProto`, and `DataLocation.EXTERNAL`.
const RAW_DATA: u64 = 9;
const EXTERNAL_DATA: u64 = 13;
const DATA_LOCATION: u64 = 14;
const EXTERNAL: u64 = 1;

/// Graphs within graphs that are followed.
const DEEPEST: u32 = 32;

/// Where a tensor's elements lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalData {
    /// File, relative to the model's folder.
    pub location: String,
    /// First byte.
    pub offset: u64,
    /// Number of bytes; nothing for all up to the file's end.
    pub length: Option<u64>,
}

/// Reads a tensor's bytes, or says why it cannot; nothing for one that stays where it is.
pub type ReadExternal<'a> =
    dyn FnMut(&ExternalData) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> + 'a;

/// The model with the weights that lie in other files, as far as they are read; `None` if none are.
///
/// # Errors
/// [`OnnxError::External`] naming the file, for weights that cannot be read.
pub fn inline_external(onnx: &[u8], read: &mut ReadExternal<'_>) -> Result<Option<Vec<u8>>, OnnxError> {
    edit_graph(onnx, &mut |number, field| graph_field(number, field, read, 0))
}

fn edited(bytes: Option<Vec<u8>>) -> Edit {
    bytes.map_or(Edit::Keep, Edit::Replace)
}

fn graph_field(
    number: u64,
    field: Field<'_>,
    read: &mut ReadExternal<'_>,
    depth: u32,
) -> Result<Edit, OnnxError> {
    match (number, field) {
        (INITIALIZER, Field::Bytes(tensor)) => inline(tensor, read),
        (NODE, Field::Bytes(node)) => {
            Ok(edited(rewrite(node, &mut |number, field| match (number, field) {
                (ATTRIBUTE, Field::Bytes(attribute)) => {
                    Ok(edited(rewrite(attribute, &mut |number, field| match (number, field) {
                        (T | TENSORS, Field::Bytes(tensor)) => inline(tensor, read),
                        (G | GRAPHS, Field::Bytes(graph)) if depth < DEEPEST => {
                            let mut edit =
                                |number, field: Field<'_>| graph_field(number, field, read, depth + 1);
                            Ok(edited(rewrite(graph, &mut edit)?))
                        }
                        _ => Ok(Edit::Keep),
                    })?))
                }
                _ => Ok(Edit::Keep),
            })?))
        }
        _ => Ok(Edit::Keep),
    }
}

fn inline(tensor: &[u8], read: &mut ReadExternal<'_>) -> Result<Edit, OnnxError> {
    let (mut entries, mut is_external) = (Vec::new(), false);
    let kept = rewrite(tensor, &mut |number, field| {
        match (number, field) {
            (EXTERNAL_DATA, Field::Bytes(bytes)) => entries.push(Entry::decode(bytes)?),
            (DATA_LOCATION, Field::Varint(location)) => is_external = location == EXTERNAL,
            _ => return Ok(Edit::Keep),
        }
        Ok(Edit::Remove)
    })?;
    let Some(mut tensor) = kept.filter(|_| is_external) else { return Ok(Edit::Keep) };
    let mut data = ExternalData::default();
    for Entry { key, value } in entries {
        let number = || {
            let reason = format!("its {key} is `{value}`, expected a number");
            value.trim().parse().map_err(|_| OnnxError::External { location: String::new(), reason })
        };
        match key.as_str() {
            "offset" => data.offset = number()?,
            "length" => data.length = Some(number()?),
            "location" => data.location = value,
            // Checksums and what may come: nothing that says where the bytes are.
            _ => {}
        }
    }
    let bytes = read(&data).map_err(|error| {
        let (location, reason) = (data.location.clone(), error.to_string());
        OnnxError::External { location, reason }
    })?;
    let Some(bytes) = bytes else { return Ok(Edit::Keep) };
    push_bytes(&mut tensor, RAW_DATA, &bytes);
    Ok(Edit::Replace(tensor))
}

/// A model of nothing but 64-bit integers in other files: name, file and bytes.
#[cfg(test)]
pub(crate) fn outside_model(constants: &[(&str, &str, u64)]) -> Vec<u8> {
    use super::proto::{Graph, INT64, Model, Tensor};
    let mut graph = Graph::default().encode_to_vec();
    for (name, file, length) in constants {
        let dims = vec![*length as i64 / 8];
        let tensor = Tensor { name: (*name).to_owned(), data_type: INT64, dims, ..Tensor::default() };
        let entries = [("location", (*file).to_owned()), ("length", length.to_string())];
        push_bytes(
            &mut graph,
            INITIALIZER,
            &tests::outside(&tensor, &entries.each_ref().map(|(k, v)| (*k, v.as_str()))),
        );
    }
    let mut model = Model::default().encode_to_vec();
    // Field 7: the graph.
    push_bytes(&mut model, 7, &graph);
    model
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::chain_model;
    use crate::onnx::proto::{Model, Tensor};

    /// A tensor that lies elsewhere: `proto::Tensor` does not know of that.
    pub(super) fn outside(tensor: &Tensor, entries: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = Tensor { raw_data: Vec::new(), ..tensor.clone() }.encode_to_vec();
        for (key, value) in entries {
            let entry = Entry { key: (*key).to_owned(), value: (*value).to_owned() };
            push_bytes(&mut bytes, EXTERNAL_DATA, &entry.encode_to_vec());
        }
        // Field 14, a number: 1.
        bytes.extend([0x70, 0x01]);
        bytes
    }

    /// The chain's model with its constants outside, once plainly and once within an attribute's graph.
    fn model(entries: &[(&str, &str)]) -> Vec<u8> {
        let inside = chain_model(1);
        edit_graph(&inside, &mut |number, field| match (number, field) {
            (INITIALIZER, Field::Bytes(bytes)) => {
                Ok(Edit::Replace(outside(&Tensor::decode(bytes).unwrap(), entries)))
            }
            (NODE, Field::Bytes(node)) => {
                let (mut graph, mut attribute, mut node) = (Vec::new(), Vec::new(), node.to_vec());
                let constant = Tensor { name: "deep".to_owned(), ..Tensor::default() };
                push_bytes(&mut graph, INITIALIZER, &outside(&constant, entries));
                push_bytes(&mut attribute, G, &graph);
                push_bytes(&mut node, ATTRIBUTE, &attribute);
                Ok(Edit::Replace(node))
            }
            _ => Ok(Edit::Keep),
        })
        .unwrap()
        .unwrap()
    }

    #[test]
    fn weights_come_in_wherever_they_stand() {
        let mut asked = Vec::new();
        let bytes = model(&[("location", "w.bin"), ("offset", "8"), ("length", "4"), ("checksum", "?")]);
        let whole = inline_external(&bytes, &mut |data| {
            asked.push(data.clone());
            Ok(Some((-8_f32).to_le_bytes().to_vec()))
        });
        let whole = whole.unwrap().unwrap();
        let expected = ExternalData { location: "w.bin".to_owned(), offset: 8, length: Some(4) };
        assert_eq!(asked, vec![expected; 3]);
        let graph = Model::decode(&*whole).unwrap().graph.unwrap();
        assert_eq!(
            graph.initializer[0],
            Model::decode(&*chain_model(1)).unwrap().graph.unwrap().initializer[0]
        );
        // What is not read stays where it is.
        assert_eq!(inline_external(&bytes, &mut |_| Ok(None)).unwrap(), None);
        // Nothing is outside any more.
        assert_eq!(inline_external(&whole, &mut |_| Err("asked again".into())).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let refused = |bytes: &[u8]| {
            inline_external(bytes, &mut |_| Err("it is not there".into())).unwrap_err().to_string()
        };
        let error = refused(&model(&[("location", "w.bin")]));
        assert_eq!(error, "its weights in `w.bin`: it is not there");
        assert!(refused(&model(&[("location", "w.bin"), ("offset", "-1")])).contains("offset is `-1`"));
        assert_eq!(inline_external(&chain_model(1), &mut |_| Err("".into())).unwrap(), None);
    }
}
