//! tract: pure Rust, single-threaded, no native library.

use std::io::Cursor;

use tract_onnx::prelude::tract_linalg::isa::native;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::plan::SimpleState;
use tract_onnx::tract_hir::infer::Factoid;

use super::input::split;
use super::{Backend, BackendError, Model, Runnable, Traced, seeded_input};
use crate::spec::{OpSpec, Precision};

mod trace;

/// The tract backend.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tract;

type State = SimpleState<TypedFact, Box<dyn tract_onnx::tract_core::ops::TypedOp>>;

impl Tract {
    /// Name in tables.
    pub const NAME: &'static str = "tract";

    fn load(model: Model<'_>, threads: usize) -> Result<TractRunnable, BackendError> {
        if threads != 1 {
            let supported = "one thread";
            return Err(BackendError::Threads { backend: Self::NAME, threads, supported });
        }
        load(model).map_err(|error| BackendError::Prepare {
            backend: Self::NAME,
            key: model.key.to_owned(),
            reason: one_line(&error),
        })
    }
}

/// Multiply-accumulates of each convolution and matrix product of a model, by the name of its node.
///
/// # Errors
/// tract's reason if it does not take the model.
pub fn node_macs(onnx: &[u8]) -> Result<Vec<(String, u64)>, String> {
    trace::node_macs(onnx)
}

/// Shapes of a model's values by name, as far as tract can tell them; an unknown batch is one.
#[must_use]
pub fn value_shapes(onnx: &[u8]) -> std::collections::HashMap<String, Vec<u64>> {
    trace::value_shapes(onnx)
}

impl Backend for Tract {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> String {
        // Pinned in the workspace's manifest; a test compares.
        "0.23.9".to_owned()
    }

    fn supports(&self, op: &OpSpec) -> Result<(), BackendError> {
        match op.precision() {
            Precision::F32 => Ok(()),
            Precision::Int8 => Err(BackendError::Unsupported {
                backend: Self::NAME,
                op: op.key(),
                reason: "it computes the layers of QDQ models in 32-bit floats".to_owned(),
            }),
        }
    }

    fn prepare(&self, model: Model<'_>, threads: usize) -> Result<Box<dyn Runnable>, BackendError> {
        Ok(Box::new(Self::load(model, threads)?))
    }

    fn prepare_traced(&self, model: Model<'_>, threads: usize) -> Result<Box<dyn Traced>, BackendError> {
        Ok(Box::new(trace::TractTraced::new(Self::load(model, threads)?)?))
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let sets: Vec<_> = native().iter().map(|set| set.name()).collect();
        let forced = std::env::var(CPU_PART).ok().map(|part| ("tract_forced_cpu_part", part));
        std::iter::once(("tract_instruction_sets", sets.join(" "))).chain(forced).collect()
    }
}

/// Set from outside, it makes tract pick its kernels for another processor.
const CPU_PART: &str = "TRACT_CPU_AARCH64_OVERRIDE_CPU_PART";

struct TractRunnable {
    key: String,
    state: State,
    inputs: TVec<TValue>,
    shapes: Vec<Vec<usize>>,
}

/// The model's graph with every unknown dimension of its inputs set to one.
fn parse(onnx: &[u8]) -> TractResult<InferenceModel> {
    let mut graph = tract_onnx::onnx().model_for_read(&mut Cursor::new(onnx))?;
    for input in 0..graph.inputs.len() {
        // Unknown dimensions, the batch mostly, are one.
        let mut fact = graph.input_fact(input)?.clone();
        if let Some(rank) = fact.shape.rank().concretize() {
            for axis in 0..rank as usize {
                if fact
                    .shape
                    .dim(axis)
                    .and_then(|dim| dim.concretize())
                    .is_none_or(|dim| dim.to_i64().is_err())
                {
                    fact.shape.set_dim(axis, 1.to_dim());
                }
            }
            graph.set_input_fact(input, fact)?;
        }
    }
    Ok(graph)
}

fn load(model: Model<'_>) -> TractResult<TractRunnable> {
    let plan = parse(model.onnx)?.into_optimized()?.into_runnable()?;
    let mut shapes = Vec::new();
    for input in 0..plan.model().inputs.len() {
        let fact = plan.model().input_fact(input)?;
        if fact.datum_type != f32::datum_type() {
            return Err(TractError::msg(format!(
                "input {input} holds {:?}, not 32-bit floats",
                fact.datum_type
            )));
        }
        let shape = fact.shape.as_concrete();
        shapes.push(
            shape.ok_or_else(|| TractError::msg(format!("input {input} has no fixed shape")))?.to_vec(),
        );
    }
    let values = seeded_input(lengths(&shapes).iter().sum());
    let inputs = tensors(&values, &shapes)?.ok_or_else(|| TractError::msg("its input shapes overflow"))?;
    Ok(TractRunnable { key: model.key.to_owned(), state: plan.spawn()?, inputs, shapes })
}

fn lengths(shapes: &[Vec<usize>]) -> Vec<usize> {
    shapes.iter().map(|shape| shape.iter().product()).collect()
}

/// `None` if the values do not fill the shapes exactly.
fn tensors(values: &[f32], shapes: &[Vec<usize>]) -> TractResult<Option<TVec<TValue>>> {
    let Some(pieces) = split(values, &lengths(shapes)) else { return Ok(None) };
    let tensors =
        pieces.iter().zip(shapes).map(|(piece, shape)| Ok(Tensor::from_shape(shape, piece)?.into()));
    tensors.collect::<TractResult<TVec<TValue>>>().map(Some)
}

impl TractRunnable {
    fn failed(&self, error: &TractError) -> BackendError {
        BackendError::Run { backend: Tract::NAME, key: self.key.clone(), reason: one_line(error) }
    }
}

impl Runnable for TractRunnable {
    fn run(&mut self) -> Result<(), BackendError> {
        // Cloning the inputs counts references up, it copies nothing.
        let outputs = self.state.run(self.inputs.clone());
        outputs.map(drop).map_err(|error| self.failed(&error))
    }

    fn input_len(&self) -> usize {
        lengths(&self.shapes).iter().sum()
    }

    fn outputs(&mut self, input: &[f32]) -> Result<Vec<f32>, BackendError> {
        let tensors = tensors(input, &self.shapes).map_err(|error| self.failed(&error))?;
        let tensors = tensors.ok_or_else(|| BackendError::InputLength {
            key: self.key.clone(),
            expected: self.input_len(),
            given: input.len(),
        })?;
        let outputs = self.state.run(tensors).map_err(|error| self.failed(&error))?;
        let mut values = Vec::new();
        for output in &outputs {
            let view = output.to_plain_array_view::<f32>().map_err(|error| self.failed(&error))?;
            values.extend(view.iter());
        }
        Ok(values)
    }
}

fn one_line(error: &TractError) -> String {
    format!("{error:#}").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn version_is_the_one_the_workspace_pins() {
        let pin = format!("tract-onnx = {{ version = \"={}\"", Tract.version());
        assert!(include_str!("../../../Cargo.toml").contains(&pin), "{pin}");
    }

    #[test]
    fn broken_models_and_threads_are_refused_by_name() {
        let model = Model { key: "broken", onnx: b"this is no protobuf" };
        let error = Tract.prepare(model, 1).err().unwrap().to_string();
        assert!(error.starts_with("tract does not take `broken`: "), "{error}");
        assert!(!error.contains('\n'), "{error}");
        let error = Tract.prepare(model, 2).err().unwrap().to_string();
        assert_eq!(error, "backend `tract` runs on one thread, not on 2 threads");
    }

    #[test]
    fn int8_is_refused_by_name() {
        let op: OpSpec = "conv-6x6x8-o5-k1-s1-int8".parse().unwrap();
        let error = Tract.supports(&op).unwrap_err().to_string();
        assert!(error.starts_with("tract does not run `conv-6x6x8-o5-k1-s1-int8` in int8: "), "{error}");
        assert!(Tract.supports(&"conv-6x6x8-o5-k1-s1".parse().unwrap()).is_ok());
    }

    #[test]
    fn outputs_follow_the_input_and_wrong_lengths_are_refused() {
        // A 1×1 convolution without activation is linear up to its bias: f(2x) − f(x) = f(x) − f(0).
        let op: crate::spec::OpSpec = "conv-6x6x8-o5-k1-s1".parse().unwrap();
        let onnx = crate::onnx::op_model(&op, 7).unwrap();
        let key = op.key();
        let mut runnable = Tract.prepare(Model { key: &key, onnx: &onnx }, 1).unwrap();
        let x = seeded_input(runnable.input_len());
        let mut at = |factor: f32| {
            let input: Vec<f32> = x.iter().map(|value| value * factor).collect();
            runnable.outputs(&input).unwrap()
        };
        let (zero, one, two) = (at(0.0), at(1.0), at(2.0));
        assert!(one.iter().zip(&zero).any(|(a, b)| (a - b).abs() > 1e-3), "the input changes nothing");
        for ((zero, one), two) in zero.iter().zip(&one).zip(&two) {
            assert!((two - one - (one - zero)).abs() < 1e-4, "{zero} {one} {two}");
        }
        runnable.run().unwrap();
        let error = runnable.outputs(&x[1..]).unwrap_err().to_string();
        assert_eq!(error, format!("`{key}` takes {} input values, not {}", x.len(), x.len() - 1));
    }
}
