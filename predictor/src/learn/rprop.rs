//! Climbing a smooth function by the signs of its slopes.

/// Smallest and largest step.
const STEPS: (f64, f64) = (1e-3, 0.8);

/// The best point met while climbing from `start` for `rounds` rounds.
///
/// `climb` gives the value and the slopes at a point, or nothing where there is none. Every coordinate has a step of its
/// own, which grows while its slope keeps its sign and shrinks when it turns. Source: Riedmiller and Braun, A direct
/// adaptive method for faster backpropagation learning: the RPROP algorithm, ICNN 1993.
pub(crate) fn climb(
    start: &[f64],
    limits: &[(f64, f64)],
    rounds: usize,
    mut value: impl FnMut(&[f64]) -> Option<(f64, Vec<f64>)>,
) -> Vec<f64> {
    let mut point = start.to_vec();
    let mut best = (f64::NEG_INFINITY, point.clone());
    let mut steps = vec![0.3; start.len()];
    let mut before = vec![0.0; start.len()];
    for _ in 0..rounds {
        let Some((height, slopes)) = value(&point) else { break };
        if height > best.0 {
            best = (height, point.clone());
        }
        for (i, slope) in slopes.iter().enumerate() {
            let turned = slope * before[i];
            if turned > 0.0 {
                steps[i] = (steps[i] * 1.3_f64).min(STEPS.1);
            } else if turned < 0.0 {
                steps[i] = (steps[i] * 0.5_f64).max(STEPS.0);
            }
            if *slope != 0.0 {
                point[i] = (point[i] + slope.signum() * steps[i]).clamp(limits[i].0, limits[i].1);
            }
            before[i] = *slope;
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_climbed_to_its_top_or_the_limit() {
        // -(x - 1)² - 100 (y + 2)²: top at (1, -2); y may not go below -1.
        let value = |p: &[f64]| {
            let (x, y) = (p[0] - 1.0, p[1] + 2.0);
            Some((-x * x - 100.0 * y * y, vec![-2.0 * x, -200.0 * y]))
        };
        let top = climb(&[5.0, 3.0], &[(-9.0, 9.0), (-1.0, 9.0)], 60, value);
        assert!((top[0] - 1.0).abs() < 0.01 && (top[1] + 1.0).abs() < 0.01, "{top:?}");
    }
}
