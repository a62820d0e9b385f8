//! Networks that are predicted by models fitted without them.

use std::collections::BTreeSet;

use profiler::record::{Level, Row};

use super::evaluate::scored;
use super::model::{FitOptions, LatencyModel};
use crate::error::PredictorError;
use crate::learn::Scored;
use crate::rows::{Measurements, Subjects};
use crate::work::OpEntry;

/// Groups into which networks are dealt.
const GROUPS: usize = 5;

/// A table's networks beside their predictions: each group's by a model that was fitted to all ops and the other groups.
///
/// # Errors
/// [`PredictorError::NothingToScore`] for fewer networks than groups, [`PredictorError::UnknownOp`] for those with ops that the model
/// cannot answer, and as [`LatencyModel::fit`].
pub(crate) fn leave_networks_out(measurements: &Measurements) -> Result<Vec<Scored>, PredictorError> {
    let known = |row: &&Row| row.level == Level::Network && !row.ops.is_empty();
    // In the order of their names, which are hashes: dealt as if shuffled, and the same each time.
    let names: BTreeSet<&str> =
        measurements.rows.iter().filter(known).map(|row| row.subject.as_str()).collect();
    if names.len() < GROUPS {
        let found = names.len();
        let reason = format!("the table has {found} networks whose ops are known; it takes {GROUPS}");
        return Err(PredictorError::NothingToScore(reason));
    }
    let mut all = Vec::with_capacity(names.len());
    for group in 0..GROUPS {
        let network = names.iter().skip(group).step_by(GROUPS).map(ToString::to_string).collect();
        let held_out = Subjects { network, ..Subjects::default() };
        let options = FitOptions { held_out, ..FitOptions::default() };
        let model = LatencyModel::fit(measurements, &options)?;
        let networks = |row: &Row| model.level_of(row.op_keys().first().copied().unwrap_or_default()).1;
        let left_out =
            |row: &&Row| known(row) && row.cache == networks(row).cache && options.held_out.contains(row);
        for row in measurements.rows.iter().filter(left_out) {
            let ops = OpEntry::all_of(row)?;
            let of_model = ops.iter().filter(|op| !networks(row).layout.leaves_out(op));
            let charged = |op| Ok(networks(row).charged(op, model.estimate_keyed(op)?));
            let estimates = of_model.map(charged).collect::<Result<Vec<_>, PredictorError>>()?;
            all.push(scored(row, &model.predict_at(&estimates, networks(row))?));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::test_rows::{measurements, small_space_rows};

    #[test]
    fn every_network_is_predicted_once_by_a_model_that_has_not_seen_it() {
        let mut table = measurements(small_space_rows(0.0, 12));
        let seen = leave_networks_out(&table).unwrap();
        assert_eq!(seen.len(), 12);
        assert!(seen.iter().all(|one| (one.predicted / one.measured - 1.0).abs() < 0.02), "{seen:?}");

        // One network's label is off by half; its own prediction is not drawn there by it.
        let odd = table.rows.iter_mut().find(|row| row.level == Level::Network).unwrap();
        odd.latency_ms *= 1.5;
        let measured = odd.latency_ms;
        let seen = leave_networks_out(&table).unwrap();
        let odd = seen.iter().find(|one| one.measured == measured).unwrap();
        assert!(odd.predicted < 0.75 * measured, "{odd:?}");
    }

    #[test]
    fn a_table_of_few_networks_is_refused() {
        let refused = leave_networks_out(&measurements(small_space_rows(0.0, 4))).unwrap_err().to_string();
        assert!(refused.contains("has 4 networks"), "{refused}");
    }
}
