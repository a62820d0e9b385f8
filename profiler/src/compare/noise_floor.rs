//! By how much two sessions of one unchanged machine differ.

use serde::Serialize;

/// What is not called a change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NoiseFloor {
    /// All subjects together: factors up to `1 + session`, either way, are normal between sessions. A fraction.
    pub session: f64,
    /// One subject beside the others: standard deviation of the logarithm of its ratio between sessions, beyond what
    /// its two confidence intervals show. A fraction; the least, where the ops of a cache state scatter more.
    pub op: f64,
    /// Share of false alarms among the subjects that are named, on average.
    pub false_discovery_rate: f64,
}

impl Default for NoiseFloor {
    /// 20 %: between sessions of one shared machine all cold figures moved by up to 14.9 %, a factor of 1 / 1.175, and
    /// the reference block does not see the caches that neighbours fill; with a margin.
    ///
    /// 3 %: a process's memory layout alone moves a program's time by several per cent, whatever is repeated within
    /// the process. Source: Mytkowicz, Diwan, Hauswirth, Sweeney, Producing Wrong Data Without Doing Anything
    /// Obviously Wrong, ASPLOS 2009. Where the ops scatter more, their scatter counts; `compare` prints it.
    ///
    /// 1 % of false alarms: a machine that is compared daily should not be called changed every month.
    fn default() -> Self {
        Self { session: 0.20, op: 0.03, false_discovery_rate: 0.01 }
    }
}

impl NoiseFloor {
    /// Checks every field.
    ///
    /// # Errors
    /// [`NoiseFloorError`] names the first one that makes no sense.
    pub fn check(&self) -> Result<(), NoiseFloorError> {
        let Self { session, op, false_discovery_rate: rate } = *self;
        let fields = [
            ("session", session, (0.0..10.0).contains(&session)),
            ("op", op, (0.0..10.0).contains(&op)),
            ("false_discovery_rate", rate, (1e-9..1.0).contains(&rate)),
        ];
        // A NaN is in no range.
        match fields.into_iter().find(|(_, _, sensible)| !sensible) {
            Some((field, value, _)) => Err(NoiseFloorError { field, value }),
            None => Ok(()),
        }
    }
}

/// A noise floor that makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "noise floor: {field} is {value}, expected a fraction, 0 or more and less than 10 (a rate: above 0, below 1)"
)]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub struct NoiseFloorError {
    pub field: &'static str,
    pub value: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_senseless_field_is_named() {
        let good = NoiseFloor::default();
        assert_eq!(good.check(), Ok(()));
        assert_eq!(NoiseFloor { session: 0.0, op: 0.0, ..good }.check(), Ok(()));
        let field = |floor: NoiseFloor| floor.check().map_err(|error| error.field);
        assert_eq!(field(NoiseFloor { session: f64::NAN, ..good }), Err("session"));
        assert_eq!(field(NoiseFloor { op: -0.1, ..good }), Err("op"));
        assert_eq!(field(NoiseFloor { false_discovery_rate: 0.0, ..good }), Err("false_discovery_rate"));
        assert_eq!(field(NoiseFloor { false_discovery_rate: 1.0, ..good }), Err("false_discovery_rate"));
    }
}
