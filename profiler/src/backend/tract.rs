//! tract: pure Rust, single-threaded, no native library.

use std::io::Cursor;

use tract_onnx::{prelude::tract_linalg::isa::native, prelude::*, tract_core::plan::SimpleState};

use super::input::{Meaning, split};
use super::{Backend, BackendError, Model, Runnable, Traced, seeded_input};
use crate::guard::guarded;
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
        caught(|| load(model)).map_err(|reason| BackendError::prepare(Self::NAME, model.key, reason))
    }
}

/// Multiply-accumulates of each convolution and matrix product of a model, by the name of its node; `None` if tract does not
/// take the model.
pub fn node_macs(onnx: &[u8]) -> Option<Vec<(String, u64)>> {
    trace::node_macs(onnx).ok()
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
    slots: Vec<Slot>,
}

/// The model's graph. Its inputs' sizes stand in it: see `onnx::fix_inputs`.
fn parse(onnx: &[u8]) -> TractResult<InferenceModel> {
    tract_onnx::onnx().model_for_read(&mut Cursor::new(onnx))
}

/// What an input takes.
struct Slot {
    shape: Vec<usize>,
    element: DatumType,
    meaning: Meaning,
}

impl Slot {
    fn of(fact: &TypedFact, place: usize) -> TractResult<Self> {
        let element = fact.datum_type;
        let meaning = match element {
            DatumType::F16 | DatumType::F32 | DatumType::F64 => Meaning::Real,
            DatumType::U8 => Meaning::Level,
            DatumType::Bool => Meaning::Index,
            _ if element.is_integer() && !element.is_quantized() => Meaning::Index,
            _ => {
                let reason = format!("input {place} holds {element:?}, not plain numbers");
                return Err(TractError::msg(reason));
            }
        };
        let shape = fact.shape.as_concrete();
        let open = || TractError::msg(format!("input {place} has sides that are left open"));
        Ok(Self { shape: shape.ok_or_else(open)?.to_vec(), element, meaning })
    }
}

fn load(model: Model<'_>) -> TractResult<TractRunnable> {
    let plan = parse(model.onnx)?.into_optimized()?.into_runnable()?;
    let facts = (0..plan.model().inputs.len()).map(|input| plan.model().input_fact(input));
    let slots = facts.enumerate().map(|(place, fact)| Slot::of(fact?, place));
    let slots = slots.collect::<TractResult<Vec<_>>>()?;
    let values = seeded_input(lengths(&slots).iter().sum());
    let inputs = tensors(&values, &slots)?.ok_or_else(|| TractError::msg("its input shapes overflow"))?;
    Ok(TractRunnable { key: model.key.to_owned(), state: plan.spawn()?, inputs, slots })
}

fn lengths(slots: &[Slot]) -> Vec<usize> {
    slots.iter().map(|slot| slot.shape.iter().product()).collect()
}

/// `None` if the values do not fill the shapes exactly.
fn tensors(values: &[f32], slots: &[Slot]) -> TractResult<Option<TVec<TValue>>> {
    let Some(pieces) = split(values, &lengths(slots)) else { return Ok(None) };
    let tensors = pieces.iter().zip(slots).map(|(piece, slot)| {
        let values: Vec<f32> = piece.iter().map(|value| slot.meaning.of(*value)).collect();
        let tensor = Tensor::from_shape(&slot.shape, &values)?;
        Ok(tensor.cast_to_dt(slot.element)?.into_owned().into())
    });
    tensors.collect::<TractResult<TVec<TValue>>>().map(Some)
}

impl TractRunnable {
    fn failed(&self, reason: String) -> BackendError {
        BackendError::run(Tract::NAME, &self.key, reason)
    }
}

impl Runnable for TractRunnable {
    fn run(&mut self) -> Result<(), BackendError> {
        let Self { state, inputs, .. } = self;
        // Cloning the inputs counts references up, it copies nothing.
        caught(|| state.run(inputs.clone())).map(drop).map_err(|reason| self.failed(reason))
    }

    fn input_len(&self) -> usize {
        lengths(&self.slots).iter().sum()
    }

    fn outputs(&mut self, input: &[f32]) -> Result<Vec<f32>, BackendError> {
        let Self { state, slots, .. } = self;
        let values = caught(|| {
            let Some(tensors) = tensors(input, slots)? else { return Ok(None) };
            let mut values = Vec::new();
            for output in &state.run(tensors)? {
                values.extend(output.cast_to::<f32>()?.to_plain_array_view::<f32>()?.iter());
            }
            Ok(Some(values))
        });
        values.map_err(|reason| self.failed(reason))?.ok_or_else(|| BackendError::InputLength {
            key: self.key.clone(),
            expected: self.input_len(),
            given: input.len(),
        })
    }
}

/// What tract gives, or its reason not to, panics among them.
fn caught<T>(work: impl FnOnce() -> TractResult<T>) -> Result<T, String> {
    guarded(work)?.map_err(|error| one_line(&error))
}

fn one_line(error: &TractError) -> String {
    format!("{error:#}").replace('\n', " ")
}

#[cfg(test)]
mod tests {
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
