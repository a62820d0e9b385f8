//! The sizes that ONNX models leave open, and values for their inputs.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::onnx::{ShapeError, read_input_shapes};
use crate::record::{GivenInputs, ModelInputs, ReadError};

/// Arguments that say what models' inputs are; `predictor` takes them, too.
#[derive(Clone, Debug, Args)]
pub struct InputArgs {
    /// Sizes of ONNX models' inputs where they leave them open: 1x3x224x224 for models of one input, NAME=1x3x224x224 for those with an
    /// input of that name, or NAME=224 for an open side of that name (repeatable). A batch that is left open is 1.
    #[arg(long, value_name = "SHAPE")]
    input_shape: Vec<String>,
    /// Values of the inputs of that name: sr=16000, size=640,480, flag=true, or a file, x=FILE.npy, .npz or .pb (a tensor of
    /// ONNX), whose sides are the input's (repeatable). Others are filled where a model is run.
    #[arg(long, value_name = "NAME=VALUES")]
    input: Vec<String>,
    /// Sizes of single models, instead of those of --input-shape: a file with a model's name (its file's, without its ending) and its
    /// sizes in each line.
    #[arg(long, value_name = "FILE")]
    sizes: Option<PathBuf>,
}

impl InputArgs {
    /// What they say.
    ///
    /// # Errors
    /// [`ShapeError`] or [`ReadError`], naming the text or the file.
    pub fn read<E: From<ShapeError> + From<ReadError>>(&self) -> Result<ModelInputs, E> {
        let shared = GivenInputs::read(read_input_shapes(&self.input_shape)?, &self.input)?;
        Ok(ModelInputs::read(shared, self.sizes.as_deref())?)
    }

    /// What `read` makes of each of several models, with what concerns it. Says which lines of --sizes are of none.
    ///
    /// # Errors
    /// As [`Self::read`] and [`ModelInputs::of_all`].
    pub fn of_all<M, T, E: From<ShapeError> + From<ReadError>>(
        &self,
        models: impl IntoIterator<Item = M>,
        read: impl FnMut(M, &mut ModelInputs) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let mut inputs = self.read::<E>()?;
        let all = inputs.of_all(models, read)?;
        note_unused(&inputs);
        Ok(all)
    }

    /// The same arguments for another process, as far as some model took them.
    pub fn words(&self, inputs: &ModelInputs) -> Vec<OsString> {
        let is_shape_taken = |shape: &&String| inputs.is_taken(shape.rsplit_once('=').map(|(name, _)| name));
        let is_value_taken = |value: &&String| inputs.is_taken(value.split_once('=').map(|(name, _)| name));
        let shapes = self.input_shape.iter().filter(is_shape_taken);
        let shapes = shapes.map(|shape| ["--input-shape".into(), shape.into()]);
        let values = self.input.iter().filter(is_value_taken).map(|value| ["--input".into(), value.into()]);
        let sizes = self.sizes.iter().map(|file| ["--sizes".into(), file.into()]);
        shapes.chain(values).chain(sizes).flatten().collect()
    }
}

/// Says which lines of --sizes are of no model.
pub fn note_unused(inputs: &ModelInputs) {
    inputs.unused_sizes().iter().for_each(|unused| crate::note!("note: {unused}"));
}
