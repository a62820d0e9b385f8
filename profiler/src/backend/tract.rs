//! tract: pure Rust, single-threaded, no native library.

use std::{collections::HashMap, io::Cursor};

use tract_onnx::{prelude::tract_linalg::isa::native, prelude::*, tract_core::plan::SimpleState};

use super::input::{Meaning, filled, split, whole};
use super::{Backend, BackendError, Model, Runnable, Traced, seeded_input};
use crate::guard::guarded;
use crate::onnx::given_values;
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
pub fn node_macs(model: Model<'_>) -> Option<Vec<(String, u64)>> {
    trace::node_macs(model).ok()
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
fn parse(model: Model<'_>) -> TractResult<InferenceModel> {
    let onnx = tract_onnx::onnx();
    let Some(folder) = model.folder else { return onnx.model_for_read(&mut Cursor::new(model.onnx)) };
    let folder = folder.to_str().ok_or_else(|| TractError::msg("the name of its folder is no text"))?;
    let proto = onnx.proto_model_for_read(&mut Cursor::new(model.onnx))?;
    let parsed = onnx.parse(&proto, Some(folder))?;
    match parsed.unresolved_inputs.first() {
        Some(input) => Err(TractError::msg(format!("nothing gives `{input}`"))),
        None => Ok(parsed.model),
    }
}

/// What an input takes.
struct Slot {
    shape: Vec<usize>,
    element: DatumType,
    meaning: Meaning,
    /// Values that are given for it, whatever it is run on.
    given: Option<Vec<f64>>,
}

impl Slot {
    /// With the values that are given for inputs by name.
    fn of(name: &str, fact: &TypedFact, given: &HashMap<String, Vec<f64>>) -> TractResult<Self> {
        let element = fact.datum_type;
        let meaning = match element {
            DatumType::F16 | DatumType::F32 | DatumType::F64 => Meaning::Real,
            DatumType::U8 => Meaning::Level,
            DatumType::Bool => Meaning::Index,
            _ if element.is_integer() && !element.is_quantized() => Meaning::Index,
            _ => {
                let reason = format!("input `{name}` holds {element:?}, not plain numbers");
                return Err(TractError::msg(reason));
            }
        };
        let shape = fact.shape.as_concrete();
        let open = || TractError::msg(format!("input `{name}` has sides that are left open"));
        let shape = shape.ok_or_else(open)?.to_vec();
        let count = shape.iter().product();
        let given = given.get(name).map(|values| filled(name, values, count, ends(element)));
        let given = given.transpose().map_err(TractError::msg)?;
        Ok(Self { shape, element, meaning, given })
    }

    fn tensor(&self, seeded: &[f32]) -> TractResult<Tensor> {
        let Self { shape, element, meaning, given } = self;
        let tensor = match given {
            None => {
                let values: Vec<f32> = seeded.iter().map(|value| meaning.of(*value)).collect();
                Tensor::from_shape(shape, &values)?
            }
            // Whole numbers that 32-bit floats may not tell apart.
            Some(given) if ends(*element).is_some_and(|(_, high)| high > 1.0) => {
                Tensor::from_shape(shape, given)?
            }
            Some(given) => {
                let values: Vec<f32> = given.iter().map(|value| *value as f32).collect();
                Tensor::from_shape(shape, &values)?
            }
        };
        Ok(tensor.cast_to_dt(*element)?.into_owned())
    }
}

/// The ends of whole numbers; `None` for floats.
fn ends(element: DatumType) -> Option<(f64, f64)> {
    match element {
        DatumType::Bool => Some((0.0, 1.0)),
        _ if element.is_integer() => Some(whole(8 * element.size_of() as i32, element.is_signed())),
        _ => None,
    }
}

fn load(model: Model<'_>) -> TractResult<TractRunnable> {
    let plan = parse(model)?.into_optimized()?.into_runnable()?;
    let given = given_values(model.onnx)?;
    let slots = plan.model().inputs.iter().map(|input| {
        Slot::of(&plan.model().nodes()[input.node].name, plan.model().outlet_fact(*input)?, &given)
    });
    let slots = slots.collect::<TractResult<Vec<_>>>()?;
    let values = seeded_input(lengths(&slots).iter().sum());
    let inputs = tensors(&values, &slots)?.ok_or_else(|| TractError::msg("its input shapes overflow"))?;
    Ok(TractRunnable { key: model.key.to_owned(), state: plan.spawn()?, inputs, slots })
}

/// Values that inputs take besides given ones.
fn lengths(slots: &[Slot]) -> Vec<usize> {
    let length = |slot: &Slot| if slot.given.is_some() { 0 } else { slot.shape.iter().product() };
    slots.iter().map(length).collect()
}

/// `None` if the values do not fill the shapes exactly.
fn tensors(values: &[f32], slots: &[Slot]) -> TractResult<Option<TVec<TValue>>> {
    let Some(pieces) = split(values, &lengths(slots)) else { return Ok(None) };
    let tensors = pieces.iter().zip(slots).map(|(piece, slot)| Ok(slot.tensor(piece)?.into()));
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
        let model = Model::whole("broken", b"this is no protobuf");
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
        let mut runnable = Tract.prepare(Model::whole(&key, &onnx), 1).unwrap();
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
