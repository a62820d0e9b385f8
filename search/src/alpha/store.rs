use super::{AlphaAdam, Alphas, Moments};
use crate::{error::SearchError, tensor_file::TensorFile};

pub(crate) fn insert_alphas(file: &mut TensorFile, all: &Alphas, adam: &AlphaAdam) {
    for (block, (alphas, moments)) in all.blocks().iter().zip(adam.moments()).enumerate() {
        let of = |pick: fn(&Moments) -> f64| moments.iter().map(pick).collect::<Vec<_>>();
        file.insert_numbers(&format!("alpha.{block}"), alphas);
        file.insert_numbers(&format!("alpha.{block}.first"), &of(|m| m.first));
        file.insert_numbers(&format!("alpha.{block}.second"), &of(|m| m.second));
        let steps: Vec<_> = moments.iter().map(|m| m.steps).collect();
        file.insert_counts(&format!("alpha.{block}.steps"), &steps);
        let dropped: Vec<u64> = all.dropped[block].iter().map(|dropped| u64::from(*dropped)).collect();
        file.insert_counts(&format!("alpha.{block}.dropped"), &dropped);
    }
}

pub(crate) fn restore_alphas(
    file: &TensorFile,
    alphas: &mut Alphas,
    adam: &mut AlphaAdam,
) -> Result<(), SearchError> {
    let (mut blocks, mut all_dropped, mut all_moments) = (Vec::new(), Vec::new(), Vec::new());
    for (block, old) in alphas.blocks().iter().enumerate() {
        let alphas = file.numbers(&format!("alpha.{block}"))?;
        let first = file.numbers(&format!("alpha.{block}.first"))?;
        let second = file.numbers(&format!("alpha.{block}.second"))?;
        let steps = file.counts(&format!("alpha.{block}.steps"))?;
        let dropped = file.counts(&format!("alpha.{block}.dropped"))?;
        if [alphas.len(), first.len(), second.len(), steps.len(), dropped.len()] != [old.len(); 5] {
            let expected = old.len();
            return Err(SearchError::Checkpoint(format!("`alpha.{block}` is not for {expected} candidates")));
        }
        let moments = first.into_iter().zip(second).zip(steps);
        all_moments.push(moments.map(|((first, second), steps)| Moments { first, second, steps }).collect());
        blocks.push(alphas);
        all_dropped.push(dropped.into_iter().map(|dropped| dropped != 0).collect());
    }
    *alphas = Alphas { blocks, dropped: all_dropped };
    *adam = adam.clone().with_moments(all_moments);
    Ok(())
}
