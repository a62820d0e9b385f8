//! Random op specifications, for predictors that are to know more than one search space.

use std::collections::HashSet;

use super::{Draw, Macs, Op, OpSpec, Precision, SpecError};

/// Most multiply-accumulates of a sampled op.
pub const LARGEST_SAMPLED: Macs = Macs(200_000_000);
/// Most elements of a map inside a sampled op: 16 MiB of f32.
const MOST_ELEMENTS: u64 = 1 << 22;
/// Draws after which a kind has no more different ops to give.
const DRAWS_PER_OP: usize = 2_000;

/// Pairs of layers that follow each other in mobile networks and that runtimes fuse, or might.
const PAIRS: [&str; 10] = [
    "conv+act",
    "conv+add",
    "conv+maxpool",
    "conv+mul",
    "add+act",
    "mul+act",
    "gpool+linear",
    "linear+act",
    "linear+softmax",
    "upsample+concat",
];

/// `count` different ops of a kind (`conv`), a pair (`conv+act`) or, in turn, of all kinds and usual pairs (`all`); the same
/// for the same seed. Each has at most [`LARGEST_SAMPLED`] multiply-accumulates; its ranges belong to its kind.
///
/// # Errors
/// [`SpecError::Sample`] for an unknown kind, one that has no form in this precision, or one with too few ops.
pub fn sample(kind: &str, count: usize, seed: u64, precision: Precision) -> Result<Vec<OpSpec>, SpecError> {
    let kinds: Vec<&str> = match kind {
        "all" => Op::KINDS.iter().copied().chain(PAIRS).collect(),
        one => vec![one],
    };
    let mut rng = Draw::generator(seed);
    let mut seen = HashSet::new();
    let mut sampled = Vec::new();
    for kind in kinds.iter().cycle().take(count) {
        let wrong = |reason| SpecError::Sample { kind: (*kind).to_owned(), reason };
        let mut found = None;
        for _ in 0..DRAWS_PER_OP {
            let drawn = draw(kind, &mut Draw::new(&mut rng)).map_err(wrong)?;
            let spec = drawn.and_then(|spec| spec.in_precision(precision)).ok();
            found = spec.filter(|spec| small_enough(spec) && seen.insert(*spec));
            if found.is_some() {
                break;
            }
        }
        let few = || wrong(format!("only {} different {precision} ops were found", sampled.len()));
        let op = found.ok_or_else(few)?;
        sampled.push(op);
    }
    Ok(sampled)
}

/// The outer error is an unknown kind, the inner one parameters that do not go together.
fn draw(kind: &str, draw: &mut Draw<'_>) -> Result<Result<OpSpec, SpecError>, String> {
    let (first, second) = kind.split_once('+').map_or((kind, None), |(first, second)| (first, Some(second)));
    let input = Op::sample_input(first, draw)?;
    let spec = OpSpec::new(input, Op::sample(first, draw, input)?);
    match (spec, second) {
        (Ok(spec), Some(second)) => {
            let next = Op::sample(second, draw, spec.output())?;
            Ok(spec.followed_by(next))
        }
        (spec, _) => Ok(spec),
    }
}

fn small_enough(spec: &OpSpec) -> bool {
    let graph = spec.graph();
    let fits = |elements: u64| elements <= MOST_ELEMENTS;
    graph.macs() <= LARGEST_SAMPLED && graph.nodes().iter().all(|node| fits(node.output.elements()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_seeded_different_bounded_and_of_their_kind() {
        let of = |seed| sample("all", 220, seed, Precision::F32).unwrap();
        let ops = of(1);
        assert_eq!(ops, of(1));
        assert_ne!(ops, of(2));
        let keys: HashSet<String> = ops.iter().map(OpSpec::key).collect();
        assert_eq!(keys.len(), 220);
        assert!(ops.iter().all(|op| op.macs() <= LARGEST_SAMPLED));
        let kinds: HashSet<String> = ops.iter().map(OpSpec::kind).collect();
        assert_eq!(kinds.len(), Op::KINDS.len() + PAIRS.len());
    }

    #[test]
    fn channels_lie_on_and_off_multiples_of_8_and_work_spans_orders_of_magnitude() {
        let ops = sample("conv", 300, 0, Precision::F32).unwrap();
        let on = ops.iter().filter(|op| op.input().channels.is_multiple_of(8)).count();
        // A half is rounded, of the other half an eighth falls on multiples: about 56 %.
        assert!((120..=220).contains(&on), "{on}");
        let macs = |pick: fn(u64, u64) -> u64| ops.iter().map(|op| op.macs().0).reduce(pick).unwrap();
        assert!(macs(u64::max) > 1000 * macs(u64::min));
    }

    #[test]
    fn what_cannot_be_sampled_is_named() {
        let error = |kind, precision| sample(kind, 3, 0, precision).unwrap_err().to_string();
        assert!(error("convv", Precision::F32).contains("unknown kind `convv`"));
        assert!(error("conv+convv", Precision::F32).contains("unknown kind `convv`"));
        // A linear layer takes one position; the pooled maps' sides are 7 and more.
        assert!(error("maxpool+linear", Precision::F32).contains("maxpool+linear"));
        let int8 = sample("act", 5, 0, Precision::Int8).unwrap();
        assert!(
            int8.iter().all(|op| op.key().ends_with("-sigmoid-int8") || op.key().ends_with("-swish-int8"))
        );
    }
}
