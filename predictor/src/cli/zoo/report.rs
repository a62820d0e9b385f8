//! A zoo for people.

use super::machine::Machine;
use super::scorecard::{Entry, Figures, Scorecard};
use crate::cli::output::{ms, percent, percent_or_dash, table};

/// A line per network, the scorecard below, and how fast the machine was.
pub(super) fn report(entries: &[Entry], card: &Scorecard, machine: &[Machine]) -> String {
    let mut lines = table(["network", "measured (ms)", "predicted (ms)", "90 %", "error", "note"]);
    for entry in entries {
        let dash = || "-".to_owned();
        let interval =
            entry.predicted.map_or_else(dash, |p| format!("{} to {}", ms(p.low_ms), ms(p.high_ms)));
        lines.add_row([
            entry.network.clone(),
            entry.measured_ms.map_or_else(dash, ms),
            entry.predicted.map_or_else(dash, |p| ms(p.latency_ms)),
            interval,
            entry.error().map_or_else(dash, |error| format!("{:+.1} %", 100.0 * error)),
            note(entry),
        ]);
    }
    let mut text = format!(
        "{lines}\nanswered: {} of {} networks, {} without a guess{}",
        card.answered,
        card.networks,
        card.without_guess,
        if card.fitted > 0 {
            format!("; {} were fitted on and are not scored", card.fitted)
        } else {
            String::new()
        }
    );
    text += &card.figures.as_ref().map_or_else(
        || "\nno network is both measured and answered without a guess".to_owned(),
        |figures| format!("\nwithout a guess: {}", words(figures)),
    );
    if let Some(figures) = &card.with_guesses {
        text += &format!("\nwith guesses: {}", words(figures));
    }
    machine.iter().for_each(|machine| text += &format!("\n{}", machine.line()));
    text
}

fn words(figures: &Figures) -> String {
    let worst = figures.worst.iter().map(|(network, error)| format!("{network} {:+.1} %", 100.0 * error));
    format!(
        "{} networks measured; mean error {}, middle {}; within ±10 %: {}; 90 % intervals cover {}, middle width {}; share of \
         the layers' time in layers predicted within ±20 %: {}; furthest off: {}",
        figures.networks,
        percent(figures.mean_error),
        percent(figures.median_error),
        percent(figures.within_10),
        percent(figures.coverage_90),
        percent(figures.median_width_90),
        percent_or_dash(figures.layers_within_20),
        worst.collect::<Vec<_>>().join(", ")
    )
}

/// What to know of a network, in one line.
fn note(entry: &Entry) -> String {
    /// Longer notes are in the JSON.
    const LONGEST: usize = 160;
    let fitted = entry.is_fitted.then(|| "the model was fitted on it".to_owned());
    let guessed = entry.guessed.as_ref().map(|reason| format!("guessed: {reason}"));
    let unmatched = entry.unmatched.as_ref().map(|reason| format!("not measured: {reason}"));
    let notes = fitted.into_iter().chain(entry.failed.clone()).chain(unmatched).chain(guessed);
    let notes: Vec<String> = notes.collect();
    let line = notes.join("; ").replace('\n', " ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
