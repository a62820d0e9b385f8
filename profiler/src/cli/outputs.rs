//! `profiler outputs`: what a model computes on this device.

use std::process::ExitCode;

use clap::Args;

use super::UsageError;
use super::filled_inputs::name_filled_inputs;
use super::input_args::InputArgs;
use super::libraries::{DEFAULT, LibraryArgs, names};
use crate::backend::{KnownBackend, open, seeded_input};
use crate::record::ModelInputs;
use crate::sweep::{plan_model, plan_op};

/// Prints the outputs of models for one fixed random input, a JSON line each, to compare devices and runtimes.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  profiler outputs conv-8x8x3-o8-k3-s1-relu6 searched.onnx\n  android run -- outputs searched.onnx"
)]
pub(super) struct Outputs {
    /// Op keys (see `profiler ops`), and paths of ONNX or TensorFlow Lite models.
    #[arg(required = true, value_name = "KEY|FILE.onnx|FILE.tflite")]
    subjects: Vec<String>,
    #[command(flatten)]
    inputs: InputArgs,
    #[arg(long, default_value = DEFAULT, help = format!("Runtime: {}", names(None)))]
    backend: String,
    #[command(flatten)]
    libraries: LibraryArgs,
}

impl Outputs {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        if let Some(mock) = KnownBackend::of(&self.backend).filter(|known| known.is_emulated) {
            let text = format!("{} computes nothing: give another --backend", mock.title);
            return Err(UsageError(text).into());
        }
        let backend = open(&self.backend, self.libraries.options(None))?;
        let is_model = |subject: &str| subject.ends_with(".onnx") || subject.ends_with(".tflite");
        let plan = |subject: &String, inputs: &mut ModelInputs| match is_model(subject) {
            true => anyhow::Ok(plan_model(subject.as_ref(), inputs)?),
            false => Ok(plan_op(subject.parse()?)?),
        };
        for planned in self.inputs.of_all(&self.subjects, plan)? {
            name_filled_inputs(&planned);
            let mut model = backend.prepare(planned.model(), 1)?;
            let outputs = model.outputs(&seeded_input(model.input_len()))?;
            crate::out!("{}", serde_json::json!({ "subject": planned.key, "outputs": outputs }))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
