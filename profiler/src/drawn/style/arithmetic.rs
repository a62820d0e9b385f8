//! Residual blocks with arithmetic in between that nothing takes in: limits, gates, trained maps, quotients and powers.

use super::{Pen, Sketched, Start, Style};
use crate::onnx::{Curve, Filters, Operand};
use crate::spec::Activation;

pub(super) const STYLE: Style = Style {
    name: "arithmetic",
    curves: &[Curve::PRelu, Curve::Elu, Curve::Tanh, Curve::Mish, Curve::GeluTanh],
    start: Start::Stem,
    block,
};

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let first = pen.conv_act(&x, Filters::square(out, 3, stride));
    let first = combined(pen, &first);
    let second = pen.sketch.conv(&first, Filters::pointwise(out));
    let second = match pen.draw.one_of(&[0_u32, 0, 1, 1, 2]) {
        0 => combined(pen, &second),
        1 => curved(pen, &second),
        2.. => thresholded(pen, &second),
    };
    let shortcut = pen.shortcut(&x, out, stride);
    let sum = pen.sketch.add(&second, &shortcut);
    pen.act(&sum)
}

/// With a number, with constants, or with a value of the same or of fewer sides.
fn combined(pen: &mut Pen<'_>, x: &Sketched) -> Sketched {
    let operator = pen.draw.one_of(&["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"]);
    let (with, number) = (pen.draw.one_of(&[0_u32, 1, 2, 3, 4, 5, 6]), pen.draw.one_of(&[0.5, 2.0, 3.0]));
    // Powers of what is below 0 are no numbers, and nothing is divided by what may be 0.
    let needs_positive = operator == "Pow" || ![0, 2, 3].contains(&with);
    let positive = if needs_positive { made_positive(pen, x) } else { x.clone() };
    let x = if operator == "Pow" || with == 1 { &positive } else { x };
    let other = match with {
        0 => return pen.sketch.combine(operator, x, Operand::Number(number)),
        1 => return pen.sketch.combine(operator, x, Operand::First(number)),
        2 => return pen.sketch.combine(operator, x, Operand::PerChannel),
        3 => return pen.sketch.combine(operator, x, Operand::Constants),
        4 => positive.clone(),
        5 => pen.sketch.global_pool(&positive),
        6.. => {
            let reduction = pen.draw.one_of(&["ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum"]);
            let reduced = pen.sketch.reduce(reduction, &positive, 1);
            let channels = if reduction == "ReduceSum" { x.channels() } else { 1 };
            pen.sketch.times(&reduced, 1.0 / channels as f32)
        }
    };
    pen.sketch.combine(operator, x, Operand::Value(&other))
}

/// Numbers on one side of another, the others as 0.
fn thresholded(pen: &mut Pen<'_>, x: &Sketched) -> Sketched {
    let comparison = pen.draw.one_of(&["Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"]);
    let compared = pen.sketch.combine(comparison, x, Operand::Number(0.0));
    let kept = pen.sketch.real(&compared);
    let kept = pen.sketch.combine("Add", &kept, Operand::Number(0.1));
    pen.sketch.mul(x, &kept)
}

/// A function that is no usual activation.
fn curved(pen: &mut Pen<'_>, x: &Sketched) -> Sketched {
    let operators = ["Sqrt", "Exp", "Log", "Reciprocal", "Erf", "Abs", "Neg", "Softplus", "Tanh"];
    let operator = pen.draw.one_of(&operators);
    let positive = made_positive(pen, x);
    pen.sketch.apply(operator, &positive)
}

/// From 0.5 to 1.5.
fn made_positive(pen: &mut Pen<'_>, x: &Sketched) -> Sketched {
    let gate = pen.sketch.act(x, Curve::Known(Activation::Sigmoid));
    pen.sketch.combine("Add", &gate, Operand::Number(0.5))
}
