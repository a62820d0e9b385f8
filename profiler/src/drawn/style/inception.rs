//! Branches of different kernels side by side. Source: Inception, arXiv:1409.4842 and arXiv:1512.00567.

use super::{Pen, RELU, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style = Style { name: "inception", curves: &[RELU], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (long, is_split, averages) =
        (pen.draw.one_of(&[3, 5, 7]), pen.draw.chance(0.5), pen.draw.chance(0.5));
    let x = if stride == 2 { pen.sketch.max_pool(&x, 3, 2) } else { x };
    let part = |share: f64| pen.round(f64::from(out) * share);
    let [quarter, half, eighth] = [part(0.25), part(0.5), part(0.125)];
    let first = pen.conv_act(&x, Filters::pointwise(quarter));
    let second = pen.conv_act(&x, Filters::pointwise(quarter));
    let second = pen.conv_act(&second, Filters::square(half, 3, 1));
    let third = pen.conv_act(&x, Filters::pointwise(eighth));
    let third = if is_split {
        let row = pen.conv_act(&third, Filters { kernel: [1, long], ..Filters::pointwise(eighth) });
        pen.conv_act(&row, Filters { kernel: [long, 1], ..Filters::pointwise(quarter) })
    } else {
        pen.conv_act(&third, Filters::square(quarter, long, 1))
    };
    let pooled = if averages { pen.sketch.average_pool(&x, 3, 1) } else { pen.sketch.max_pool(&x, 3, 1) };
    let fourth = pen.conv_act(&pooled, Filters::pointwise(eighth));
    pen.sketch.concat(&[&first, &second, &third, &fourth])
}
