//! The picture of `predictor plot`: a square of predicted against measured latencies per table, as SVG.

use crate::learn::{Scored, Scores};

/// One square.
pub(super) struct Panel {
    /// The table's name.
    pub(super) name: String,
    /// Its networks.
    pub(super) points: Vec<Scored>,
    /// How far off their predictions are.
    pub(super) scores: Scores,
}

/// Sides of a square, and what it takes with its words, in pixels.
const SIDE: f64 = 170.0;
const CELL: [f64; 2] = [226.0, 250.0];
const CORNER: [f64; 2] = [46.0, 42.0];
const PER_LINE: usize = 4;

/// The page has a colour of its own, so that it can be read on any other; both follow what the reader prefers.
const STYLE: &str = "<style>
text{font:11px system-ui,sans-serif;fill:#1f2328}.name{font-weight:600}.page{fill:#fff}.axis{fill:none;stroke:#8c959f}
.grid{stroke:#d1d9e0}.band{fill:#8c959f;fill-opacity:.18}.bar{stroke:#0969da;stroke-opacity:.45}.dot{fill:#0969da}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}.grid{stroke:#30363d}.bar{stroke:#58a6ff}.dot{fill:#58a6ff}}
</style>";

/// The squares, four beside each other.
pub(super) fn draw(panels: &[Panel]) -> String {
    let width = CELL[0] * panels.len().min(PER_LINE) as f64;
    let height = CELL[1] * panels.len().div_ceil(PER_LINE) as f64;
    let cells: String = panels.iter().enumerate().map(|(index, panel)| cell(index, panel)).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\">\n\
         <title>Predicted against measured latencies of networks</title>\n{STYLE}\n\
         <clipPath id=\"square\"><rect width=\"{SIDE}\" height=\"{SIDE}\"/></clipPath>\n\
         <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n{cells}</svg>\n"
    )
}

fn cell(index: usize, panel: &Panel) -> String {
    let x = CORNER[0] + CELL[0] * (index % PER_LINE) as f64;
    let y = CORNER[1] + CELL[1] * (index / PER_LINE) as f64;
    let Scores { n, mape, .. } = panel.scores;
    let (name, percent) = (escaped(&panel.name), 100.0 * mape);
    let axis = Axis::of(&panel.points);
    let middle = SIDE / 2.0;
    let mut lines = vec![
        format!("<g transform=\"translate({x} {y})\">"),
        format!("<text class=\"name\" y=\"-23\">{name}</text>"),
        format!("<text y=\"-8\">{n} networks, {percent:.1} % off</text>"),
        format!("<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">measured ms</text>", SIDE + 30.0),
    ];
    if index.is_multiple_of(PER_LINE) {
        let turned = format!("transform=\"translate(-34 {middle}) rotate(-90)\" text-anchor=\"middle\"");
        lines.push(format!("<text {turned}>predicted ms</text>"));
    }
    for (at, label) in axis.ticks() {
        let down = SIDE - at;
        lines.push(format!("<path class=\"grid\" d=\"M{at:.1} 0V{SIDE}M0 {down:.1}H{SIDE}\"/>"));
        let below = SIDE + 14.0;
        lines.push(format!("<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{label}</text>"));
        lines.push(format!("<text x=\"-5\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", down + 4.0));
    }
    let corner = |x: f64, factor: f64| format!("{:.1},{:.1}", axis.at(x), SIDE - axis.at(x * factor));
    let (from, to) = (axis.from, axis.to);
    let band = [corner(from, 0.95), corner(to, 0.95), corner(to, 1.05), corner(from, 1.05)].join(" ");
    lines.push(format!("<g clip-path=\"url(#square)\"><polygon class=\"band\" points=\"{band}\"/></g>"));
    lines.push(format!("<path class=\"axis\" d=\"M0 {SIDE}L{SIDE} 0M0 0H{SIDE}V{SIDE}H0Z\"/>"));
    for Scored { measured, predicted, low, high } in &panel.points {
        let x = axis.at(*measured);
        let [low, high, middle] = [low, high, predicted].map(|ms| SIDE - axis.at(*ms));
        lines.push(format!("<path class=\"bar\" d=\"M{x:.1} {low:.1}V{high:.1}\"/>"));
        lines.push(format!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{middle:.1}\" r=\"2.2\"/>"));
    }
    lines.join("\n") + "\n</g>\n"
}

/// What both sides of a square show, in milliseconds.
struct Axis {
    from: f64,
    to: f64,
}

impl Axis {
    /// All points with their intervals, and a little more.
    fn of(points: &[Scored]) -> Self {
        let from = points.iter().map(|point| point.measured.min(point.low)).fold(f64::INFINITY, f64::min);
        let to = points.iter().map(|point| point.measured.max(point.high)).fold(0.0, f64::max);
        let margin = 0.05 * (to - from).max(0.1 * to);
        Self { from: from - margin, to: to + margin }
    }

    /// Where a latency lies, in pixels.
    fn at(&self, ms: f64) -> f64 {
        (ms - self.from) / (self.to - self.from) * SIDE
    }

    /// Round latencies, at most five: where they lie, and how they are written.
    fn ticks(&self) -> Vec<(f64, String)> {
        let least = (self.to - self.from) / 5.0;
        let power = 10_f64.powf(least.log10().floor());
        let step = [1.0, 2.0, 5.0].into_iter().find(|m| m * power >= least).unwrap_or(10.0) * power;
        let digits = (-step.log10().floor()).max(0.0) as usize;
        let (first, last) = ((self.from / step).ceil() as i64, (self.to / step).floor() as i64);
        let tick = |n: i64| (self.at(n as f64 * step), format!("{:.digits$}", n as f64 * step));
        (first..=last).map(tick).collect()
    }
}

/// As text of an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(name: &str) -> Panel {
        let point = |ms: f64| Scored { measured: ms, predicted: ms, low: 0.9 * ms, high: 1.1 * ms };
        // From 0.9 to 2.2 ms, with 0.065 ms on either side.
        let points = vec![point(1.0), point(2.0)];
        let scores = Scores::of(&points).unwrap();
        Panel { name: name.to_owned(), points, scores }
    }

    #[test]
    fn points_lie_where_their_latencies_are() {
        let picture = draw(&[panel("a<b")]);
        // (1 - 0.835) / 1.43 · 170 = 19.6 from the left and from below; (2 - 0.835) / 1.43 · 170 = 138.5.
        assert!(picture.contains("cx=\"19.6\" cy=\"150.4\""), "{picture}");
        assert!(picture.contains("cx=\"138.5\" cy=\"31.5\""), "{picture}");
        // Its interval is from 1.8 to 2.2 ms: 114.7 and 162.3 from below.
        assert!(picture.contains("M138.5 55.3V7.7"), "{picture}");
        assert!(picture.contains("a&lt;b") && picture.contains("2 networks, 0.0 % off"), "{picture}");
    }

    #[test]
    fn ticks_are_round_and_few() {
        let labels =
            |from, to| Axis { from, to }.ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(0.835, 2.265), ["1.0", "1.5", "2.0"]);
        assert_eq!(labels(0.0477, 0.0771), ["0.05", "0.06", "0.07"]);
        assert_eq!(labels(9.0, 61.0), ["20", "40", "60"]);
    }

    #[test]
    fn five_tables_take_two_lines() {
        let picture = draw(&["a", "b", "c", "d", "e"].map(panel));
        assert!(picture.contains("viewBox=\"0 0 904 500\""), "{picture}");
        assert!(picture.contains("translate(46 292)"), "{picture}");
    }
}
