//! How often values occur, smoothed.

/// Values counted in narrow bins and blurred by a normal kernel.
///
/// A height is the weight of the values near its place: those right there count whole, those a kernel's width away by
/// `exp(-1/2)`.
pub(super) struct Density {
    first: f64,
    heights: Vec<f64>,
}

/// Between two bins.
const STEP: f64 = 0.002;
/// Values further than this from the first one are counted at the ends: no density is longer than 4,000 bins.
const REACH: f64 = 4.0;

impl Density {
    /// Of values with weights; `None` without any.
    pub(super) fn of(values: &[(f64, f64)], width: f64) -> Option<Self> {
        let (centre, _) = *values.first()?;
        let clamped = |value: f64| value.clamp(centre - REACH, centre + REACH);
        let least = values.iter().map(|(value, _)| clamped(*value)).fold(f64::INFINITY, f64::min);
        let most = values.iter().map(|(value, _)| clamped(*value)).fold(f64::NEG_INFINITY, f64::max);
        let margin = (4.0 * width / STEP).ceil() as usize;
        let bins = ((most - least) / STEP).round() as usize + 1 + 2 * margin;
        let mut counts = vec![0.0; bins];
        for (value, weight) in values {
            counts[((clamped(*value) - least) / STEP).round() as usize + margin] += weight;
        }
        let kernel: Vec<f64> =
            (0..=margin).map(|i| (-0.5 * (i as f64 * STEP / width).powi(2)).exp()).collect();
        let mut heights = vec![0.0; bins];
        for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            for (at, height) in heights.iter_mut().enumerate().take(bin + margin + 1).skip(bin - margin) {
                *height += count * kernel[at.abs_diff(bin)];
            }
        }
        Some(Self { first: least - margin as f64 * STEP, heights })
    }

    /// Bins higher than their neighbours, in order; of a plateau its first.
    pub(super) fn peaks(&self) -> Vec<usize> {
        let at = |bin: usize| self.heights.get(bin).copied().unwrap_or(0.0);
        let mut peaks = Vec::new();
        for bin in 1..self.heights.len() {
            if at(bin) > at(bin - 1) {
                let level = (bin..self.heights.len()).find(|next| at(*next) != at(bin));
                if level.is_none_or(|next| at(next) < at(bin)) {
                    peaks.push(bin);
                }
            }
        }
        peaks
    }

    /// The first peak at least so high as a share of the highest.
    pub(super) fn first_peak(&self, share: f64) -> Option<f64> {
        let peaks = self.peaks();
        let highest = peaks.iter().map(|peak| self.height(*peak)).fold(0.0, f64::max);
        peaks.into_iter().find(|peak| self.height(*peak) >= share * highest).map(|peak| self.value(peak))
    }

    /// The lowest bin between two.
    pub(super) fn valley(&self, from: usize, to: usize) -> usize {
        (from..=to).min_by(|a, b| self.height(*a).total_cmp(&self.height(*b))).unwrap_or(from)
    }

    /// The value at a bin's middle.
    pub(super) fn value(&self, bin: usize) -> f64 {
        self.first + bin as f64 * STEP
    }

    /// Weight near a bin.
    pub(super) fn height(&self, bin: usize) -> f64 {
        self.heights.get(bin).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_where_values_crowd() {
        // Three at 0, one at 1: heights 3 and 1, and nothing in between.
        let density = Density::of(&[(0.0, 1.0), (1.0, 1.0), (0.0, 1.0), (0.0, 1.0)], 0.03).unwrap();
        let peaks = density.peaks();
        let found: Vec<(f64, f64)> =
            peaks.iter().map(|peak| (density.value(*peak), density.height(*peak))).collect();
        assert_eq!(found.len(), 2);
        assert!(found[0].0.abs() < 1e-9 && (found[0].1 - 3.0).abs() < 1e-9, "{found:?}");
        assert!((found[1].0 - 1.0).abs() < 1e-9 && (found[1].1 - 1.0).abs() < 1e-9, "{found:?}");
        assert_eq!(density.height(density.valley(peaks[0], peaks[1])), 0.0);
        // The second is a third as high as the first.
        assert!(density.first_peak(0.3).unwrap().abs() < 1e-9);
        let late = Density::of(&[(0.0, 0.2), (1.0, 1.0)], 0.03).unwrap();
        assert!((late.first_peak(0.3).unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn neighbours_are_one_peak_and_absurd_values_take_no_memory() {
        // Half a kernel's width apart: one peak in their middle.
        let density = Density::of(&[(0.0, 1.0), (0.01, 1.0), (1e300, 1.0), (-1e300, 1.0)], 0.02).unwrap();
        assert!(density.heights.len() < 5_000);
        let middle = density.peaks().iter().map(|peak| density.value(*peak)).find(|at| at.abs() < 0.1);
        assert!((middle.unwrap() - 0.005).abs() <= STEP, "{middle:?}");
        assert!(Density::of(&[], 0.02).is_none());
    }
}
