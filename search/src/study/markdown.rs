//! A study's findings as Markdown.

use std::fmt::Write;

use super::{
    curve::{Cost, Spread},
    findings::{DeviceFindings, Findings, OnDevice},
    goals::Goal,
};

/// The report. Spread is the standard deviation over seeds.
#[must_use]
pub fn markdown(findings: &Findings, goals: &[Goal]) -> String {
    let mut text = String::new();
    let seeds = findings.devices.first().map_or(0, |device| device.searched.len());
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

fn percent(networks: &[OnDevice]) -> String {
    let accuracies = Spread::of(networks.iter().filter_map(|one| one.accuracy).collect());
    accuracies.map_or_else(|| "-".to_owned(), |spread| format!("{} %", with_spread(&spread, 100.0, 2)))
}

fn milliseconds(networks: &[OnDevice]) -> String {
    let times = Spread::of(networks.iter().map(|one| one.measured_ms).collect());
    times.map_or_else(|| "-".to_owned(), |spread| with_spread(&spread, 1.0, 4))
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
    let ratios = Spread::of(device.speed_ups.iter().map(|one| one.ratio).collect());
    let ratios =
        ratios.map_or_else(|| "-".to_owned(), |ratios| format!("{} times", with_spread(&ratios, 1.0, 2)));
    let bounds: Vec<String> = device.speed_ups.iter().filter_map(bound).collect();
    let bounds = if bounds.is_empty() { String::new() } else { format!(" ({})", bounds.join(", ")) };
    let (accuracy, ms) = (percent(&device.searched), milliseconds(&device.searched));
    let _ = writeln!(text, "| searched | {accuracy} | {ms} | {ratios}{bounds} |");
    let (accuracy, ms) = (percent(&device.blind), milliseconds(&device.blind));
    let _ = writeln!(text, "| searched without latency loss, within the same target | {accuracy} | {ms} | |");
    if let Some(expected) = Spread::of(device.blind_expected_over_target.clone()) {
        let times = with_spread(&expected, 1.0, 2);
        let _ = writeln!(
            text,
            "\nWithout the latency loss E[latency] rose to {times} times the target before blocks were decided within it."
        );
    }
    let _ = writeln!(
        text,
        "\n| seed | predicted ms (90 % interval) | {measured} ms | interval |\n|---|---|---|---|"
    );
    for one in &device.searched {
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

fn bound(speed_up: &super::findings::SpeedUp) -> Option<String> {
    let seed = speed_up.seed;
    match speed_up.baseline {
        Cost::Exactly(_) => None,
        Cost::MoreThan(_) => Some(format!("at least, seed {seed}: more accurate than every baseline")),
        Cost::LessThan(_) => Some(format!("at most, seed {seed}: less accurate than every baseline")),
    }
}

/// Networks by the device they were searched for, milliseconds by the device they were measured on.
fn cross(text: &mut String, findings: &Findings) {
    let names: Vec<&str> = findings.devices.iter().map(|device| device.name.as_str()).collect();
    let _ = writeln!(text, "\n## Each network on each device\n");
    let columns: Vec<String> = names.iter().map(|name| format!(" ms on {name} |")).collect();
    let _ = writeln!(text, "| searched for | test accuracy |{}", columns.concat());
    let _ = writeln!(text, "|---|---|{}", "---|".repeat(names.len()));
    for (index, name) in names.iter().enumerate() {
        let on =
            |device: &DeviceFindings| device.cross.get(index).map(|(_, networks)| milliseconds(networks));
        let cells: Vec<String> =
            findings.devices.iter().map(|device| format!(" {} |", on(device).unwrap_or_default())).collect();
        let accuracy =
            findings.devices.get(index).map(|device| percent(&device.searched)).unwrap_or_default();
        let _ = writeln!(text, "| {name} | {accuracy} |{}", cells.concat());
    }
}
