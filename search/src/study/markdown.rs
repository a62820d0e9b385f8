use std::fmt::Write;

use super::curve::{Cost, Spread};
use super::findings::{DeviceFindings, Findings, WithoutLatencyLoss};
use super::goals::Goal;
use super::group::{Group, SpeedUp};

/// The report. Spread is the standard deviation over seeds.
pub(crate) fn markdown(findings: &Findings, goals: &[Goal]) -> String {
    let mut text = String::new();
    let seeds = findings.devices.first().map_or(0, |device| device.searched.networks.len());
    let _ = writeln!(
        text,
        "# Study\n\n{}, {seeds} seeds. ± is the standard deviation over seeds.",
        findings.machine
    );
    if findings.emulated {
        let _ = writeln!(
            text,
            "\n**Emulated devices: no figure below is a timing, and nothing is shown by them.**"
        );
    }
    for device in &findings.devices {
        if let Some(machine) = &device.machine {
            let _ = writeln!(text, "\n{}: {machine}.", device.name);
        }
        on_device(&mut text, device, if findings.emulated { "emulated" } else { "measured" });
    }
    cross(&mut text, findings);
    let (search, training) = (&findings.costs.search_s, &findings.costs.training_s);
    let (search, training) = (with_spread(search, 1.0, 0), with_spread(training, 1.0, 0));
    let _ = writeln!(text, "\n## Cost\n\nA search takes {search} s, a training {training} s.");
    if !goals.is_empty() {
        let _ = writeln!(text, "\n## Goals\n\n| goal | found | reached |\n|---|---|---|");
        for goal in goals {
            let reached = if goal.reached { "yes" } else { "no" };
            let _ = writeln!(text, "| {} | {} | {reached} |", goal.name, goal.found);
        }
    }
    text
}

fn with_spread(spread: &Spread, scale: f64, digits: usize) -> String {
    format!("{:.digits$} ± {:.digits$}", scale * spread.mean, scale * spread.deviation)
}

fn percent(group: &Group) -> String {
    group.accuracy().map_or_else(nothing, |spread| format!("{} %", with_spread(&spread, 100.0, 2)))
}

fn milliseconds(group: &Group) -> String {
    group.measured_ms().map_or_else(nothing, |spread| with_spread(&spread, 1.0, 4))
}

fn times(group: &Group) -> String {
    let bounds: Vec<String> = group.speed_ups.iter().filter_map(bound).collect();
    let bounds = if bounds.is_empty() { String::new() } else { format!(" ({})", bounds.join(", ")) };
    group.speed_up().map_or_else(nothing, |spread| format!("{} times{bounds}", with_spread(&spread, 1.0, 2)))
}

fn nothing() -> String {
    "-".to_owned()
}

fn row(text: &mut String, name: &str, group: &Group) {
    let (accuracy, ms, times) = (percent(group), milliseconds(group), times(group));
    let _ = writeln!(text, "| {name} | {accuracy} | {ms} | {times} |");
}

/// Rows of what searches without latency loss give, and what was done to it.
fn without_latency_loss(text: &mut String, found: &WithoutLatencyLoss) {
    row(text, "searched without latency loss, rescaled by width to the same target", &found.rescaled);
    if !found.cut.networks.is_empty() {
        row(text, "searched without latency loss, best path within the same target", &found.cut);
    }
    let (over, widths) = (Spread::of(found.over_target.clone()), Spread::of(found.widths.clone()));
    if let (Some(over), Some(widths)) = (over, widths) {
        let (over, widths) = (with_spread(&over, 1.0, 2), with_spread(&widths, 1.0, 2));
        let _ = writeln!(
            text,
            "\nThe most probable networks of the searches without latency loss are predicted at {over} times the \
             target; the largest width multipliers within it are {widths}."
        );
    }
    let above: Vec<f64> = found.rescaled_over_target.iter().copied().filter(|over| *over > 1.0).collect();
    let (count, of) = (above.len(), found.rescaled_over_target.len());
    if let Some(over) = Spread::of(above) {
        let over = with_spread(&over, 1.0, 2);
        let _ = writeln!(
            text,
            "\nNo width brings {count} of {of} of them within the target: these are as narrow as makes them fastest, \
             predicted at {over} times the target."
        );
    }
}

fn on_device(text: &mut String, device: &DeviceFindings, measured: &str) {
    let (name, runtime) = (&device.name, &device.runtime);
    let _ = writeln!(text, "\n## {name} ({runtime}), target {:.4} ms\n", device.target_ms);
    let _ =
        writeln!(text, "| network | test accuracy | {measured} ms | as fast as baselines of its accuracy |");
    let _ = writeln!(text, "|---|---|---|---|");
    for baseline in &device.baselines {
        let accuracy = with_spread(&baseline.accuracy, 100.0, 2);
        let (width, ms) = (baseline.width, baseline.measured_ms);
        let _ = writeln!(text, "| baseline, width {width} | {accuracy} % | {ms:.4} | |");
    }
    row(text, "searched", &device.searched);
    without_latency_loss(text, &device.blind);
    let _ = writeln!(
        text,
        "\n| seed | predicted ms (90 % interval) | {measured} ms | interval |\n|---|---|---|---|"
    );
    for one in &device.searched.networks {
        let [low, high] = one.predicted_interval_ms;
        let inside = if (low..=high).contains(&one.measured_ms) { "inside" } else { "outside" };
        let (seed, predicted, ms) = (one.seed, one.predicted_ms, one.measured_ms);
        let _ = writeln!(text, "| {seed} | {predicted:.4} ({low:.4} to {high:.4}) | {ms:.4} | {inside} |");
    }
    let _ = writeln!(
        text,
        "\n| target ms | predicted ms | {measured} ms | {measured} over target |\n|---|---|---|---|"
    );
    for held in &device.held {
        let (target, one) = (held.target_ms, &held.network);
        let (predicted, ms, share) = (one.predicted_ms, one.measured_ms, one.measured_ms / target);
        let _ = writeln!(text, "| {target:.4} | {predicted:.4} | {ms:.4} | {share:.3} |");
    }
}

fn bound(speed_up: &SpeedUp) -> Option<String> {
    let seed = speed_up.seed;
    match speed_up.baseline {
        Cost::Exactly(_) => None,
        Cost::MoreThan(_) => Some(format!("at least, seed {seed}: more accurate than every baseline")),
        Cost::LessThan(_) => Some(format!("at most, seed {seed}: less accurate than every baseline")),
    }
}

/// Networks by the device they were searched for, figures by the device they were measured on.
fn cross(text: &mut String, findings: &Findings) {
    let names: Vec<&str> = findings.devices.iter().map(|device| device.name.as_str()).collect();
    let _ = writeln!(text, "\n## Each network on each device\n");
    let columns =
        names.iter().map(|name| format!(" ms on {name} | as fast as baselines of its accuracy there |"));
    let _ = writeln!(text, "| searched for | test accuracy |{}", columns.collect::<String>());
    let _ = writeln!(text, "|---|---|{}", "---|---|".repeat(names.len()));
    for (index, device) in findings.devices.iter().enumerate() {
        let there = findings.devices.iter().filter_map(|on| on.cross.get(index));
        let cells = there.map(|(_, group)| format!(" {} | {} |", milliseconds(group), times(group)));
        let _ = writeln!(
            text,
            "| {} | {} |{}",
            device.name,
            percent(&device.searched),
            cells.collect::<String>()
        );
    }
}
