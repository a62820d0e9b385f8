use std::path::PathBuf;

use clap::Args;
use datasets::images::{draw_photos, open_images};

use super::UsageError;
use super::output::{self, percent, table};
use super::progress::Bar;
use super::recipe::StepArgs;
use super::space::SpaceArgs;
use crate::data::ComputeDevice;
use crate::full_size::{FullSizeOptions, run_steps};
use crate::settings::check_count;
use crate::sgd::Sgd;

/// Runs a few steps of every kind at full size, on generated JPEGs, and reports the memory they take.
///
/// Shows whether a space fits this machine before photos are at hand, and whether decoding them keeps up.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  search full-size --space proxylessnas-mobile --batch 32 --photos run/photos"
)]
pub(super) struct FullSize {
    #[command(flatten)]
    space: SpaceArgs,
    /// Folder of the photos; those that are missing are drawn.
    #[arg(long, value_name = "DIR")]
    photos: PathBuf,
    /// Training photos to draw.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    count: usize,
    /// Their side in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 224)]
    side: u32,
    /// Steps of each kind.
    #[arg(long, value_name = "N", default_value_t = 20)]
    steps: u64,
    #[command(flatten)]
    step: StepArgs,
    /// Where networks are trained: cpu, or cuda:N.
    #[arg(long, default_value = "cpu")]
    device: ComputeDevice,
    /// A JSON list instead of a table.
    #[arg(long)]
    json: bool,
}

const CLASSES: usize = 10;

impl FullSize {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        self.step.check()?;
        check_count("number of steps", self.steps, 1)?;
        self.device.open()?;
        if self.count < self.step.batch {
            let (count, batch) = (self.count, self.step.batch);
            return Err(UsageError(format!("--count {count}: expected at least --batch, {batch}")).into());
        }
        if !(8..=4096).contains(&self.side) {
            return Err(UsageError(format!("--side {}: expected 8 to 4096 pixels", self.side)).into());
        }
        let space = self.space.read()?.resolve()?;
        draw_photos(&self.photos, self.count, self.side, CLASSES)?;
        let images = open_images(&self.photos, space.input())?;
        let (batch, threads) = (self.step.batch, self.step.threads());
        let options =
            FullSizeOptions { sgd: Sgd::RECIPE, batch, steps: self.steps, threads, device: self.device };
        let mut bar = Bar::new()?;
        let kinds = run_steps(&space, &images, &options, &mut bar);
        bar.finish();
        let kinds = kinds?;
        if self.json {
            return output::json(&kinds);
        }
        let mut lines = table(["steps", "", "mean ms", "waited for data", "loss", "peak memory so far"]);
        for kind in &kinds {
            let peak = kind.peak_mib.map_or_else(|| "unknown".to_owned(), |mib| format!("{mib:.0} MiB"));
            lines.add_row([
                kind.steps.to_string(),
                kind.name.to_owned(),
                format!("{:.0}", kind.step_ms),
                percent(kind.data_ms / (kind.data_ms + kind.step_ms)),
                format!("{:.3}", kind.last_loss),
                peak,
            ]);
        }
        let (input, photos) = (space.input(), images.train.len());
        Ok(format!("{lines}\n{photos} photos cut to {input}, batches of {batch}, {threads} threads"))
    }
}
