//! From a model that Tailor exported to `.tflite`: the same ops with the same weights, in TensorFlow Lite's builtin operators.
//!
//! Maps are NHWC, and stay `[1, h, w, c]` throughout; weights are OHWI, those of depthwise convolutions 1HWC. ReLUs are fused into
//! the layers that runtimes fuse them into. Padding is SAME where that is what the layer has; otherwise a PAD stands before the
//! layer, which pads nothing then.

mod file;
mod layers;
mod padding;
mod values;
mod versions;
mod weights;

use file::File;

use crate::onnx::{Exported, OnnxError, Quantization};
use crate::spec::{Activation, Layer, SpecError};
use crate::tflite::nodes::FileNode;
use crate::tflite::schema::activation;

/// Why a model is not written as `.tflite`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Not a model of Tailor's ops alone.
    #[error(
        "only models that Tailor exported, and nobody changed, are written as .tflite: this one has other nodes than ops in its metadata"
    )]
    Foreign,
    /// A layer that TensorFlow Lite's builtin operators cannot say.
    #[error("`{layer}` on {input} cannot be said in .tflite: {reason}")]
    Layer {
        /// The layer.
        layer: String,
        /// The map that it reads.
        input: String,
        /// Why.
        reason: &'static str,
    },
    /// Bytes that are no ONNX model, or weights that do not fit.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// An op list that makes no sense.
    #[error("the model's `tailor.ops`: {0}")]
    Ops(#[from] SpecError),
}

/// The `.tflite` of an ONNX model that Tailor exported, with its weights. Tensors are called as the ONNX model's values: `input`,
/// `value0`, .., `output`; a layer that is several operators has its name in front of the others' (`value3_gate`).
///
/// # Errors
/// [`ExportError`] naming the first layer that cannot be said.
pub fn from_onnx(onnx: &[u8]) -> Result<Vec<u8>, ExportError> {
    Ok(Written::of(onnx)?.bytes)
}

/// A `.tflite`, and what a runtime needs to know of it.
pub(crate) struct Written {
    pub(crate) bytes: Vec<u8>,
    pub(crate) nodes: Vec<FileNode>,
    /// What the output's integers stand for, as unsigned ones; they may be others than the ONNX model's.
    pub(crate) output: Option<Quantization>,
}

impl Written {
    /// As [`from_onnx`].
    pub(crate) fn of(onnx: &[u8]) -> Result<Self, ExportError> {
        let exported = Exported::read(onnx)?.ok_or(ExportError::Foreign)?;
        let file = Writer::of(&exported).write()?;
        let integers = file.tensors.get(file.output as usize).and_then(|tensor| tensor.integers.as_ref());
        let output = integers.map(|integers| Quantization {
            unit: integers.units.first().copied().unwrap_or(1.0),
            zero: (integers.zero + 128) as u8,
        });
        Ok(Self { bytes: file.to_bytes(), nodes: file.nodes(), output })
    }
}

struct Writer<'a> {
    exported: &'a Exported,
    file: File,
    /// The tensor of each value of the graph; `None` for what is not written yet, and for what lies inside of an operator.
    tensors: Vec<Option<i32>>,
}

/// A layer, with the ReLU behind it where both are one operator.
struct Place<'a> {
    index: usize,
    node: &'a crate::spec::Node,
    /// What its last operator gives, and what that is called.
    output: i32,
    name: String,
    /// `ActivationFunctionType` of the ReLU.
    activation: i8,
    inputs: Vec<i32>,
}

impl<'a> Writer<'a> {
    fn of(exported: &'a Exported) -> Self {
        let file = File { name: exported.network.name().to_owned(), ..File::default() };
        Self { exported, file, tensors: vec![None; exported.graph().nodes().len() + 1] }
    }

    fn write(mut self) -> Result<File, ExportError> {
        let graph = self.exported.graph();
        self.tensors[0] = Some(self.input("input", graph.input()));
        for (index, node) in graph.nodes().iter().enumerate() {
            if self.tensors[index + 1].is_some() {
                continue;
            }
            if let Layer::Input(map) = node.layer {
                self.tensors[index + 1] = Some(self.input(&format!("input{index}"), map));
                continue;
            }
            let relu = graph.relu_behind(index);
            let last = relu.unwrap_or(index);
            let is_output = graph.output_value().index() == last + 1;
            let name = if is_output { "output".to_owned() } else { format!("value{last}") };
            // Nodes stand behind those that they read.
            let inputs = node.inputs.iter().filter_map(|value| self.tensors[value.index()]).collect();
            let output = self.layer_value(&name, node);
            let activation = relu.map_or(activation::NONE, |relu| fused(graph.nodes()[relu].layer));
            self.operators(&Place { index, node, output, name, activation, inputs })?;
            self.tensors[last + 1] = Some(output);
        }
        self.file.output = self.tensors[graph.output_value().index()].unwrap_or_default();
        Ok(self.file)
    }
}

fn fused(layer: Layer) -> i8 {
    match layer {
        Layer::Activation(Activation::Relu) => activation::RELU,
        Layer::Activation(Activation::Relu6) => activation::RELU6,
        Layer::Activation(
            Activation::Hswish | Activation::Sigmoid | Activation::Hsigmoid | Activation::Swish,
        )
        | Layer::Input(_)
        | Layer::Conv(_)
        | Layer::Add
        | Layer::Mul
        | Layer::Scale
        | Layer::Concat { .. }
        | Layer::MaxPool(_)
        | Layer::AveragePool(_)
        | Layer::GlobalAveragePool
        | Layer::Linear { .. }
        | Layer::Upsample { .. }
        | Layer::Softmax => activation::NONE,
    }
}

#[cfg(test)]
mod tests;
