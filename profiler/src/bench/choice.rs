//! Which ops stand for a space.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::spec::OpSpec;

/// Up to `count` of `ops`, spread over kinds and over MACs, the same for the same seed; in the order of `ops`.
///
/// Every kind gets one, as long as there are enough, and of the rest a share by its number of ops. Within a kind the ops
/// are sorted by MACs and cut into as many strata as it gets ops; one is drawn of each.
pub fn choose_ops(ops: &[OpSpec], count: usize, seed: u64) -> Vec<OpSpec> {
    let mut kinds: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, op) in ops.iter().enumerate() {
        kinds.entry(op.op().kind()).or_default().push(index);
    }
    let mut random = Pcg64::seed_from_u64(seed);
    let sizes: Vec<usize> = kinds.values().map(Vec::len).collect();
    let mut chosen = Vec::new();
    for (mut members, quota) in kinds.into_values().zip(quotas(&sizes, count)) {
        members.sort_by_key(|index| (ops[*index].macs(), *index));
        for stratum in 0..quota {
            let (first, end) = (stratum * members.len() / quota, (stratum + 1) * members.len() / quota);
            chosen.push(members[random.random_range(first..end)]);
        }
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|index| ops[index]).collect()
}

/// Shares of `count` for groups of these sizes: one each first, then by what is left of each, largest remainders first.
fn quotas(sizes: &[usize], count: usize) -> Vec<usize> {
    let total: usize = sizes.iter().sum();
    let count = count.min(total);
    if count <= sizes.len() {
        return (0..sizes.len()).map(|group| usize::from(group < count)).collect();
    }
    let (spare, more) = (total - sizes.len(), count - sizes.len());
    let mut quotas: Vec<usize> = sizes.iter().map(|size| 1 + (size - 1) * more / spare).collect();
    let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
    by_remainder.sort_by_key(|group| std::cmp::Reverse((sizes[*group] - 1) * more % spare));
    let missing = count - quotas.iter().sum::<usize>();
    by_remainder.into_iter().take(missing).for_each(|group| quotas[group] += 1);
    quotas
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::SpaceFile;

    #[test]
    fn quotas_by_hand() {
        // One each, 27 left for 67 − 1 = 66 and 2 − 1 = 1 ops (spare 67): 27·66/67 = 26.6, 27·1/67 = 0.4: 26 and 0, and
        // the one missing goes to the larger remainder.
        assert_eq!(quotas(&[2, 1, 67], 30), [1, 1, 28]);
        assert_eq!(quotas(&[2, 1, 67], 2), [1, 1, 0]);
        assert_eq!(quotas(&[2, 1], 30), [2, 1]);
        assert_eq!(quotas(&[], 30), [0; 0]);
    }

    #[test]
    fn thirty_ops_stand_for_the_mobile_space() {
        let ops = SpaceFile::built_in("proxylessnas-mobile").unwrap().resolve().unwrap().distinct_ops();
        let chosen = choose_ops(&ops, 30, 0);
        assert_eq!(chosen.len(), 30);
        let keys: std::collections::BTreeSet<_> = chosen.iter().map(OpSpec::key).collect();
        assert_eq!(keys.len(), 30, "none twice");
        let kinds =
            |ops: &[OpSpec]| ops.iter().map(|op| op.op().kind()).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(kinds(&chosen), kinds(&ops));
        // Ten strata of blocks or more: the cheapest and the dearest tenth are both there.
        let mut macs: Vec<_> = ops.iter().filter(|op| op.op().kind() == "mbconv").map(OpSpec::macs).collect();
        macs.sort();
        let (low, high) = (macs[macs.len() / 10], macs[macs.len() - 1 - macs.len() / 10]);
        let blocks = || chosen.iter().filter(|op| op.op().kind() == "mbconv").map(OpSpec::macs);
        assert!(blocks().any(|macs| macs <= low) && blocks().any(|macs| macs >= high));
        assert_eq!(chosen, choose_ops(&ops, 30, 0));
        assert_ne!(chosen, choose_ops(&ops, 30, 1));
    }
}
