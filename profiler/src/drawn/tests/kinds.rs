//! Which kinds of steps are drawn.

use super::*;

/// Kinds that no style draws, and why.
const NOT_DRAWN: [(&str, &str); 1] = [("input", "no step is called so: it is what steps read")];

/// Operators of real networks that are a kind of step each.
const OPERATORS: [&str; 41] = [
    "abs",
    "cast",
    "div",
    "elu",
    "equal",
    "erf",
    "exp",
    "expand",
    "floor",
    "gather",
    "gelu",
    "globalmaxpool",
    "greater",
    "gru",
    "instancenormalization",
    "layernormalization",
    "log",
    "lstm",
    "max",
    "min",
    "neg",
    "pad",
    "pow",
    "prelu",
    "reciprocal",
    "reducel2",
    "reducemax",
    "reducemean",
    "reducemin",
    "reducesum",
    "slice",
    "softplus",
    "split",
    "sqrt",
    "sub",
    "tanh",
    "transpose",
    "where",
    "convtranspose",
    "batch_matmul",
    "mul",
];

/// Kinds of networks in 8-bit integers.
const INTEGERS: [&str; 21] = [
    "stem_int8",
    "conv_int8",
    "pointwise_int8",
    "pointwise_vector_int8",
    "depthwise_int8",
    "grouped_int8",
    "linear_int8",
    "matmul_int8",
    "batch_matmul_int8",
    "add_int8",
    "scale_int8",
    "concat_int8",
    "maxpool_int8",
    "gpool_int8",
    "transpose_int8",
    "stem_dynamic_int8",
    "conv_dynamic_int8",
    "pointwise_dynamic_int8",
    "depthwise_dynamic_int8",
    "matmul_dynamic_int8",
    "dynamicquantizelinear",
];

/// What keys call steps: the lower-case words in quotes of the file that makes them.
fn classes() -> BTreeSet<String> {
    let source = include_str!("../../onnx/steps/key.rs");
    let is_class = |word: &&str| {
        let letter = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        word.len() > 2 && word.chars().all(letter) && !word.starts_with('_')
    };
    source.split('"').skip(1).step_by(2).filter(is_class).map(str::to_owned).collect()
}

#[test]
fn every_kind_of_step_is_drawn_of_known_shapes_and_as_much_work_as_counted() {
    let mut kinds = BTreeSet::new();
    for style in every_style() {
        for seed in 0..8 {
            let extent = if seed % 4 == 3 { Extent::Tiny } else { Extent::Usual };
            let (onnx, macs) = model(style, extent, seed);
            let steps = steps(&onnx);
            let told: u64 = steps.iter().filter_map(|(_, step)| step.macs).sum();
            assert_eq!(told, macs, "{} {seed}", style.name);
            for (_, step) in steps.iter() {
                let key = step_key(step);
                assert_eq!(key.to_string().parse::<TracedOp>().unwrap(), key);
                kinds.insert(key.kernel().to_owned());
            }
        }
    }
    let classes = classes();
    assert!(classes.contains("pointwise") && classes.contains("convtranspose"), "{classes:?}");
    let known: BTreeSet<&str> = classes.iter().map(String::as_str).chain(OPERATORS).chain(INTEGERS).collect();
    let excused: BTreeSet<&str> = NOT_DRAWN.iter().map(|(kind, _)| *kind).collect();
    let missing: Vec<_> =
        known.iter().filter(|kind| !kinds.contains(**kind) && !excused.contains(**kind)).collect();
    assert!(
        missing.is_empty(),
        "in no style, give each to one or a reason: {missing:?}; there are {kinds:?}"
    );
    let drawn: Vec<_> = excused.iter().filter(|kind| kinds.contains(**kind)).collect();
    assert!(drawn.is_empty(), "drawn after all: {drawn:?}");
}

/// Attention is over 16 to 400 positions, of various numbers of rows.
#[test]
fn softmax_is_drawn_at_many_sizes() {
    let mut rows = BTreeSet::new();
    for style in every_style() {
        for seed in 0..3 {
            let (onnx, _) = model(style, Extent::Usual, seed);
            let steps = steps(&onnx);
            let softmax =
                steps.iter().map(|(_, step)| step_key(step)).filter(|key| key.kernel() == "softmax");
            rows.extend(softmax.map(|key| key.layer().output().width));
        }
    }
    let within = rows.iter().filter(|width| (16..=400).contains(*width)).count();
    assert!(within >= 12, "{rows:?}");
}
