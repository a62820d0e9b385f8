//! A predicted network as a table and as JSON.

use serde_json::{Value, json};

use super::output::{ms, table};
use crate::interval::Prediction;
use crate::onnx::{FreeNode, LayerPrediction, NetworkReport};

/// Name and latency, and notes below.
pub(super) fn headline(name: &str, prediction: &Prediction) -> String {
    let [latency, low, high] = [prediction.latency, prediction.low, prediction.high].map(|l| ms(l.ms()));
    let mut lines = vec![format!("{name}: {latency} ms (90 %: {low} to {high})")];
    lines.extend(prediction.flags.iter().map(|flag| format!("  note: {flag}")));
    lines.join("\n")
}

pub(super) fn prediction_value(key: &str, level: &str, prediction: &Prediction) -> Value {
    json!({
        "subject": key,
        "level": level,
        "latency_ms": prediction.latency.ms(),
        "low_ms": prediction.low.ms(),
        "high_ms": prediction.high.ms(),
        "flags": prediction.flags,
    })
}

/// A network's parts as a table, under its headline.
pub(super) fn network_text(head: &str, report: &NetworkReport) -> String {
    let mut ops = table(["op", "in network (ms)", "alone (ms)", "90 %", "measured (ms)", "notes"]);
    for layer in &report.layers {
        let LayerPrediction { alone, estimate, .. } = layer;
        let notes: Vec<String> = estimate.flags.iter().map(ToString::to_string).collect();
        ops.add_row([
            layer.op.clone(),
            ms(layer.in_network_ms),
            ms(alone.latency.ms()),
            format!("{} to {}", ms(alone.low.ms()), ms(alone.high.ms())),
            estimate.measured.map_or_else(|| "-".to_owned(), |m| ms(m.latency_ms)),
            notes.join("; "),
        ]);
    }
    ops.add_row(["(constant)".to_owned(), ms(report.constant_ms)]);
    let mut lines = vec![headline(head, &report.prediction), ops.to_string()];
    lines.extend(free_line(&report.free));
    lines.join("\n")
}

/// The nodes that cost nothing, counted by operator.
fn free_line(free: &[FreeNode]) -> Option<String> {
    let mut counts: Vec<(&str, &str, usize)> = Vec::new();
    for node in free {
        let key = (node.operator.as_str(), node.reason);
        match counts.iter_mut().find(|(operator, reason, _)| (*operator, *reason) == key) {
            Some((_, _, count)) => *count += 1,
            None => counts.push((&node.operator, node.reason, 1)),
        }
    }
    let parts: Vec<String> =
        counts.iter().map(|(operator, reason, count)| format!("{count} {operator} ({reason})")).collect();
    (!parts.is_empty()).then(|| format!("at no cost: {}", parts.join(", ")))
}

/// A network with its parts.
pub(super) fn network_value(key: &str, name: &str, report: &NetworkReport) -> Value {
    let mut value = prediction_value(key, "network", &report.prediction);
    value["name"] = name.into();
    value["constant_ms"] = report.constant_ms.into();
    value["macs"] = (report.uncounted == 0).then_some(report.macs).into();
    value["ops"] = report.layers.iter().map(layer_value).collect();
    value["at_no_cost"] = json!(report.free);
    value
}

fn layer_value(layer: &LayerPrediction) -> Value {
    let mut value = prediction_value(&layer.op, "op", &layer.alone);
    value["kind"] = layer.kind.clone().into();
    value["in_network_ms"] = layer.in_network_ms.into();
    value["measured_ms"] = layer.estimate.measured.map(|m| m.latency_ms).into();
    let node = |(name, operator): &(String, String)| json!({"node": name, "operator": operator});
    value["nodes"] = layer.nodes.iter().map(node).collect();
    value
}
