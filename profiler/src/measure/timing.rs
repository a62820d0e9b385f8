//! One sample.

use super::{
    ClockQuality, Disturbed, Instruments, MeasureError, RawNs, Reading, Samples, Subject, SubjectFailure,
};

/// Times `repeats` runs as one sample, and puts it where it belongs.
pub(super) fn time(
    subject: &mut dyn Subject,
    repeats: u32,
    into: &mut Samples,
    instruments: &mut Instruments,
    quality: &ClockQuality,
    named: impl Fn(SubjectFailure) -> MeasureError,
) -> Result<(), MeasureError> {
    let usage_before = instruments.processor.usage()?;
    let before = instruments.clock.now_ns();
    for _ in 0..repeats {
        subject.run().map_err(&named)?;
    }
    let after = instruments.clock.now_ns();
    let usage = instruments.processor.usage()?;
    let per_run = |ns: f64| RawNs(ns.max(0.0) / f64::from(repeats));
    // Between two readings with nothing in between lies the cost of one reading.
    let took = per_run((after - before) as f64 - quality.cost_ns);
    if usage.preemptions == usage_before.preemptions {
        into.kept.push(took);
    } else {
        let time_ns = usage.time_ns.zip(usage_before.time_ns).map(|(end, start)| end - start);
        // The processor's time includes the readings around the sample: it is never more than the clock's.
        let on_processor =
            time_ns.map(|ns| per_run((ns as f64).min((after - before) as f64) - quality.cost_ns));
        into.dropped.push(Disturbed { took, on_processor });
    }
    Ok(())
}

/// The `nth` reading: of the references in turn, or of the reference block where there are none. The shortest of `runs`.
pub(super) fn time_reference(
    runs: u32,
    at_ns: u64,
    nth: usize,
    instruments: &mut Instruments,
    quality: &ClockQuality,
) -> Result<Reading, MeasureError> {
    let Instruments { clock, reference, references, .. } = instruments;
    let index = nth.checked_rem(references.len());
    let subject = match index {
        Some(index) => &mut references[index],
        None => reference,
    };
    let (mut first, mut shortest) = (None, f64::INFINITY);
    for _ in 0..runs {
        let before = clock.now_ns();
        subject.run().map_err(|source| MeasureError::Instrument { instrument: "reference", source })?;
        let took = (clock.now_ns() - before) as f64 - quality.cost_ns;
        first = first.or(index.map(|_| RawNs(took)));
        shortest = shortest.min(took);
    }
    Ok(Reading { at_ns, took: RawNs(shortest), reference: index, first })
}
