//! One sample.

use super::MeasureError;
use super::clock::ClockQuality;
use super::drift::RawNs;
use super::instruments::Instruments;
use super::subject::{Subject, SubjectFailure};

/// Times `repeats` runs: the time per run, and whether the thread kept its processor meanwhile.
pub(super) fn time(
    subject: &mut dyn Subject,
    repeats: u32,
    instruments: &mut Instruments,
    quality: &ClockQuality,
    named: impl Fn(SubjectFailure) -> MeasureError,
) -> Result<(RawNs, bool), MeasureError> {
    let preempted_before = instruments.preemptions.count()?;
    let before = instruments.clock.now_ns();
    for _ in 0..repeats {
        subject.run().map_err(&named)?;
    }
    let after = instruments.clock.now_ns();
    let undisturbed = instruments.preemptions.count()? == preempted_before;
    // Between two readings with nothing in between lies the cost of one reading.
    let took_ns = ((after - before) as f64 - quality.cost_ns).max(0.0);
    Ok((RawNs(took_ns / f64::from(repeats)), undisturbed))
}

/// Times the reference block: the shortest of `runs`.
pub(super) fn time_reference(
    runs: u32,
    instruments: &mut Instruments,
    quality: &ClockQuality,
) -> Result<RawNs, MeasureError> {
    let mut shortest = f64::INFINITY;
    for _ in 0..runs {
        let before = instruments.clock.now_ns();
        instruments
            .reference
            .run()
            .map_err(|source| MeasureError::Instrument { instrument: "reference block", source })?;
        let after = instruments.clock.now_ns();
        shortest = shortest.min((after - before) as f64 - quality.cost_ns);
    }
    Ok(RawNs(shortest))
}
