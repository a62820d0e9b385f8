//! Comparing outputs before anything is timed: a fast wrong answer is no latency.

use super::SweepError;
use crate::backend::{Backend, BackendError, Model, Runnable, seeded_input};
use crate::onnx::{NumberFormat, number_format};
use crate::record::{NotCompared, OutputCheck};

/// With what to compare outputs.
#[derive(Clone, Copy)]
pub enum CompareWith<'a> {
    /// With another runtime, on one thread.
    Runtime(&'a dyn Backend),
    /// With nothing, for this reason.
    Nothing(&'a str),
}

/// Compares subjects one by one and keeps the account of it.
pub(super) struct Comparison<'a> {
    with: CompareWith<'a>,
    agreed: usize,
    worst: Option<(f64, String)>,
    not_compared: Vec<NotCompared>,
    /// The largest that was allowed.
    tolerance: f64,
}

impl<'a> Comparison<'a> {
    /// Largest difference allowed, relative to the largest absolute output: far above what the order of summation makes
    /// of 32-bit floats (4.4e-6 seen over the ops of a space), far below what a wrong kernel gives.
    const TOLERANCE: f64 = 1e-3;
    /// The same for models of 16-bit floats, which one runtime computes in 16 bits and another in 32: a rounding is 5e-4
    /// (8 times that for bfloat16), and there is one per layer.
    const HALF_TOLERANCE: f64 = 5e-2;

    pub(super) fn new(with: CompareWith<'a>) -> Self {
        Self { with, agreed: 0, worst: None, not_compared: Vec::new(), tolerance: Self::TOLERANCE }
    }

    /// Loads the model in the other runtime, runs it once in both on the same input, and drops the other again.
    ///
    /// A model that the other runtime does not take is noted, not refused; so is one that computes in integers, since
    /// runtimes round them differently.
    ///
    /// # Errors
    /// [`SweepError::Disagree`] naming the subject and the difference.
    pub(super) fn check(
        &mut self,
        ours: &mut dyn Runnable,
        model: Model<'_>,
        backend: &dyn Backend,
    ) -> Result<(), SweepError> {
        let CompareWith::Runtime(other) = self.with else { return Ok(()) };
        let limit = match number_format(model.onnx) {
            NumberFormat::Float => Self::TOLERANCE,
            NumberFormat::Half => Self::HALF_TOLERANCE,
            NumberFormat::Integer => {
                let reason = "it computes in integers, which runtimes round differently".to_owned();
                self.not_compared.push(NotCompared { subject: model.key.to_owned(), reason });
                return Ok(());
            }
        };
        self.tolerance = self.tolerance.max(limit);
        let input = seeded_input(ours.input_len());
        let mut both = || {
            let theirs = other.prepare(model, 1)?.outputs(&input)?;
            Ok((ours.outputs(&input)?, theirs))
        };
        let (ours, theirs) = match both() {
            Ok(outputs) => outputs,
            Err(error @ (BackendError::Prepare { .. } | BackendError::Run { .. })) => {
                let (subject, reason) = (model.key.to_owned(), error.to_string());
                self.not_compared.push(NotCompared { subject, reason });
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let disagree = |difference: String| SweepError::Disagree {
            subject: model.key.to_owned(),
            backend: backend.name(),
            other: other.name(),
            difference,
        };
        let difference = difference(&ours, &theirs).map_err(disagree)?;
        if difference > limit {
            return Err(disagree(format!(
                "they differ by {difference:.2e} of the largest output, and {limit:.0e} is allowed"
            )));
        }
        self.agreed += 1;
        if self.worst.as_ref().is_none_or(|(worst, _)| difference > *worst) {
            self.worst = Some((difference, model.key.to_owned()));
        }
        Ok(())
    }

    /// The account of all subjects.
    pub(super) fn finish(self) -> OutputCheck {
        match self.with {
            CompareWith::Nothing(reason) => OutputCheck::NotCompared { reason: reason.to_owned() },
            CompareWith::Runtime(other) => OutputCheck::Compared {
                with: format!("{} {}", other.name(), other.version()),
                tolerance: self.tolerance,
                agreed: self.agreed,
                worst_difference: self.worst.as_ref().map_or(0.0, |(worst, _)| *worst),
                worst_subject: self.worst.map(|(_, subject)| subject),
                not_compared: self.not_compared,
            },
        }
    }
}

/// Largest difference of two outputs, relative to the largest absolute value in either; 0 if all are zero.
fn difference(ours: &[f32], theirs: &[f32]) -> Result<f64, String> {
    if ours.len() != theirs.len() {
        return Err(format!("they have {} and {} values", ours.len(), theirs.len()));
    }
    if let Some((a, b)) = ours.iter().zip(theirs).find(|(a, b)| !(a.is_finite() && b.is_finite())) {
        return Err(format!("{a} and {b} are not both finite"));
    }
    let largest = ours.iter().chain(theirs).fold(0.0, |largest: f32, value| largest.max(value.abs()));
    let apart = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).abs();
    let most = ours.iter().zip(theirs).map(apart).fold(0.0, f64::max);
    Ok(if most > 0.0 { most / f64::from(largest) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives subject `s0` the first of these outputs, `s1` the second, and so on, whatever the input.
    struct Fixed(Vec<Result<Vec<f32>, &'static str>>);

    impl Backend for Fixed {
        fn name(&self) -> &'static str {
            "fixed"
        }

        fn version(&self) -> String {
            "7".to_owned()
        }

        fn prepare(&self, model: Model<'_>, _: usize) -> Result<Box<dyn Runnable>, BackendError> {
            let index: usize = model.key[1..].parse().unwrap();
            match &self.0[index] {
                Ok(outputs) => Ok(Box::new(FixedRunnable(outputs.clone()))),
                Err(reason) => Err(BackendError::Prepare {
                    backend: "fixed",
                    key: model.key.to_owned(),
                    reason: (*reason).to_owned(),
                }),
            }
        }
    }

    struct FixedRunnable(Vec<f32>);

    impl Runnable for FixedRunnable {
        fn run(&mut self) -> Result<(), BackendError> {
            Ok(())
        }

        fn input_len(&self) -> usize {
            1
        }

        fn outputs(&mut self, _: &[f32]) -> Result<Vec<f32>, BackendError> {
            Ok(self.0.clone())
        }
    }

    /// Outputs of the subject, and of the other runtime.
    type Pair<'a> = (&'a [f32], Result<&'a [f32], &'static str>);

    fn compare(pairs: &[Pair<'_>]) -> Result<OutputCheck, SweepError> {
        let other = Fixed(pairs.iter().map(|(_, theirs)| theirs.map(<[f32]>::to_vec)).collect());
        let mut comparison = Comparison::new(CompareWith::Runtime(&other));
        for (index, (ours, _)) in pairs.iter().enumerate() {
            let key = format!("s{index}");
            let model = Model::whole(&key, &[]);
            comparison.check(&mut FixedRunnable(ours.to_vec()), model, &other)?;
        }
        Ok(comparison.finish())
    }

    #[test]
    fn the_worst_subject_is_remembered_and_one_that_is_not_taken_is_noted() {
        let pairs: [Pair<'_>; 4] = [
            (&[0.0, 0.0], Ok(&[0.0, 0.0])),
            // 0.5 of 1000.
            (&[1.0, 1000.0], Ok(&[1.5, 1000.0])),
            // 0.25 of 1000.
            (&[1.0, 1000.0], Ok(&[1.0, 999.75])),
            (&[1.0], Err("it has no int8")),
        ];
        let OutputCheck::Compared { with, agreed, worst_difference, worst_subject, not_compared, .. } =
            compare(&pairs).unwrap()
        else {
            panic!("not compared")
        };
        assert_eq!((with.as_str(), agreed), ("fixed 7", 3));
        assert_eq!((worst_difference, worst_subject.as_deref()), (5e-4, Some("s1")));
        assert_eq!(not_compared.len(), 1);
        assert_eq!(not_compared[0].reason, "fixed does not take `s3`: it has no int8");
    }

    #[test]
    fn outputs_that_disagree_are_refused_by_name_and_figure() {
        let refusal = |ours: &[f32], theirs: &[f32]| {
            let error = compare(&[(ours, Ok(theirs))]).unwrap_err();
            assert!(!error.is_input());
            error.to_string()
        };
        let text = refusal(&[100.0, 1.0], &[100.0, 1.3]);
        assert!(
            text.starts_with("fixed and fixed give `s0` different outputs: they differ by 3.00e-3 of"),
            "{text}"
        );
        assert!(refusal(&[1.0], &[1.0, 1.0]).contains("they have 1 and 2 values"));
        assert!(refusal(&[1.0, f32::NAN], &[1.0, f32::NAN]).contains("NaN and NaN are not both finite"));
        assert!(refusal(&[f32::INFINITY], &[1.0]).contains("inf and 1 are not both finite"));
    }

    #[test]
    fn what_was_not_compared_says_why() {
        let comparison = Comparison::new(CompareWith::Nothing("nobody asked"));
        assert_eq!(comparison.finish(), OutputCheck::NotCompared { reason: "nobody asked".to_owned() });
    }
}
