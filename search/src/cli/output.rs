pub(super) use predictor::cli::output::{json, print, table};

/// A fraction as a percentage with two digits behind the point.
pub(super) fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}
