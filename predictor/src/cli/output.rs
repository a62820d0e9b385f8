//! How results are written.

use comfy_table::{Table, presets::NOTHING};

pub use profiler::terminal::print;

use crate::interval::Band;

/// An empty table under these columns.
pub fn table<const N: usize>(columns: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(columns);
    table
}

/// A fraction as a percentage.
pub(super) fn percent(fraction: f64) -> String {
    // What is off by a factor of a hundred is no use, however much it is.
    if fraction > 100.0 { "> 10000 %".to_owned() } else { format!("{:.1} %", 100.0 * fraction) }
}

/// A fraction as a percentage, or a dash.
pub(super) fn percent_or_dash(fraction: Option<f64>) -> String {
    fraction.map_or_else(|| "-".to_owned(), percent)
}

/// By how much a prediction may be off, at 90 %.
pub(super) fn plus_minus(band: &Band) -> String {
    format!("± {}", percent(band.log_half_width.exp_m1()))
}

/// Milliseconds with four significant digits.
pub(super) fn ms(value: f64) -> String {
    let digits = if value == 0.0 { 0 } else { (3 - value.abs().log10().floor() as i32).clamp(0, 9) as usize };
    format!("{value:.digits$}")
}

/// JSON over several lines.
///
/// # Errors
/// When a value has no JSON form.
pub fn json(value: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_four_digits() {
        let found = [0.0, 0.001_234_56, 0.123_456, 12.345_6, 12_345.6].map(ms);
        assert_eq!(found, ["0", "0.001235", "0.1235", "12.35", "12346"]);
    }
}
