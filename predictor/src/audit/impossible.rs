//! Latencies that cannot be: of ops that would be faster than the machine, or slower than more work of the same kind.

use std::collections::BTreeMap;

use profiler::record::{Cache, Level, Row};

use super::doubtful::{Doubt, apart};
use crate::error::PredictorError;
use crate::work::{Amount, Class, OpEntry, OpFeatures, TERMS, Term};

/// Fewer multiply-accumulates (in millions) say nothing of the machine's pace.
const LEAST_MILLIONS: f64 = 0.1;
/// How many times the pace of the fastest others is too fast.
const TOO_FAST: f64 = 2.0;
/// Ops among which the fastest are sought.
const ENOUGH: usize = 20;
/// More work means more than this, in some term.
const MORE: f64 = 1.2;
/// Most ops of a kind that are compared with each other.
const MOST: usize = 4000;

struct Op {
    row: usize,
    kind: String,
    features: OpFeatures,
}

/// Adds the doubts that come from comparing ops with each other.
pub(super) fn find(rows: &[Row], doubts: &mut [Vec<Doubt>]) -> Result<(), PredictorError> {
    for cache in [Cache::Hot, Cache::Cold, Cache::InPlace] {
        let ops = rows.iter().enumerate().filter(|(_, row)| row.level == Level::Op && row.cache == cache);
        let op = |(index, row): (usize, &Row)| {
            let OpEntry { kind, features, .. } = row.subject.parse::<OpEntry>()?;
            Ok(Op { row: index, kind, features })
        };
        let ops = ops.map(op).collect::<Result<Vec<Op>, PredictorError>>()?;
        let mut by_kind: BTreeMap<&str, Vec<&Op>> = BTreeMap::new();
        ops.iter().for_each(|op| by_kind.entry(&op.kind).or_default().push(op));
        for kind in by_kind.values() {
            too_fast(rows, kind, doubts);
            slower_than_more(rows, &kind[..kind.len().min(MOST)], doubts);
        }
    }
    Ok(())
}

/// Millions of multiply-accumulates.
fn millions(op: &OpFeatures) -> f64 {
    // Those of dilated convolutions are counted once more.
    let counts = |term: &Term| term.amount == Amount::Macs && term.class != Class::Dilated;
    TERMS.iter().zip(op.work).filter(|(term, _)| counts(term)).map(|(_, amount)| amount).sum()
}

/// Within a kind: a depthwise convolution's pace says nothing of a plain one's.
fn too_fast(rows: &[Row], ops: &[&Op], doubts: &mut [Vec<Doubt>]) {
    let macs = ops.iter().map(|op| (millions(&op.features), op.row));
    let mut paces: Vec<(f64, usize)> = macs
        .filter(|(macs, _)| *macs > LEAST_MILLIONS)
        .map(|(macs, row)| (macs / rows[row].latency_ms, row))
        .collect();
    if paces.len() < ENOUGH {
        return;
    }
    paces.sort_by(|a, b| b.0.total_cmp(&a.0));
    // The fastest tenth may be wrong itself: what is behind it is the machine's.
    let others = paces[paces.len() / 10].0;
    for &(pace, row) in paces.iter().take_while(|(pace, _)| *pace > TOO_FAST * others) {
        doubts[row].push(Doubt::TooFast { gmacs_per_s: pace, others_gmacs_per_s: others });
    }
}

/// Rows with an op of their kind that does more and takes less.
fn slower_than_more(rows: &[Row], ops: &[&Op], doubts: &mut [Vec<Doubt>]) {
    for op in ops {
        let row = &rows[op.row];
        let beaten_by =
            |other: &&&Op| apart(row, &rows[other.row]) && does_more(&other.features, &op.features);
        let mut faster = ops.iter().filter(beaten_by).map(|other| &rows[other.row]);
        if let Some(first) = faster.next() {
            let (subject, latency_ms) = (first.subject.clone(), first.latency_ms);
            let ops = 1 + faster.count();
            doubts[op.row].push(Doubt::SlowerThanMore { op: subject, latency_ms, ops });
        }
    }
}

/// At least as much of every work, and clearly more of some.
fn does_more(more: &OpFeatures, less: &OpFeatures) -> bool {
    let pairs = || more.work.iter().zip(&less.work);
    pairs().all(|(more, less)| more >= less) && pairs().any(|(more, less)| *more > MORE * less)
}
