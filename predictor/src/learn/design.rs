//! What to measure so that little remains unknown of all.
//!
//! Subjects are vectors whose products are the covariances of what is not known of them. Source: Seo et al., Gaussian process
//! regression: active data selection and test point rejection, IJCNN 2000.

/// A subject that was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Choice {
    /// Its place among all.
    pub(crate) index: usize,
    /// Share of the variance of all subjects that is left once it and those before it are measured.
    pub(crate) left: f64,
}

/// Chooses `count` subjects one by one, each the one that takes most off the variance of all of them for what it costs.
///
/// Measuring one with `noise` takes off Σ covariance² / (variance + noise²). `costs` are above 0, one per subject.
pub(crate) fn choose(mut embedded: Vec<Vec<f64>>, costs: &[f64], noise: f64, count: usize) -> Vec<Choice> {
    let width = embedded.first().map_or(0, Vec::len);
    let unknown = |embedded: &[Vec<f64>]| embedded.iter().flatten().map(|v| v * v).sum::<f64>();
    let before = unknown(&embedded);
    let mut chosen: Vec<Choice> = Vec::new();
    while chosen.len() < count.min(embedded.len()) {
        let outer = outer_products(&embedded, width);
        let gain = |index: usize| {
            let v = &embedded[index];
            let taken: f64 =
                (0..width).map(|i| v[i] * (0..width).map(|j| outer[i * width + j] * v[j]).sum::<f64>()).sum();
            let variance: f64 = v.iter().map(|v| v * v).sum();
            taken / (variance + noise * noise) / costs[index]
        };
        let free = (0..embedded.len()).filter(|&i| chosen.iter().all(|choice| choice.index != i));
        let Some((index, _)) = free.map(|i| (i, gain(i))).max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        condition(&mut embedded, index, noise);
        chosen.push(Choice { index, left: unknown(&embedded) / before });
    }
    chosen
}

fn outer_products(embedded: &[Vec<f64>], width: usize) -> Vec<f64> {
    let mut outer = vec![0.0; width * width];
    for v in embedded {
        for i in 0..width {
            if v[i] != 0.0 {
                let line = &mut outer[i * width..(i + 1) * width];
                line.iter_mut().zip(v).for_each(|(entry, other)| *entry += v[i] * other);
            }
        }
    }
    outer
}

/// Takes off what measuring one network says of the others: the posterior covariance of vectors u and w is
/// u·w - (u·v)(v·w) / (v·v + noise²), which is the product of u and w shortened along v.
pub(crate) fn condition(embedded: &mut [Vec<f64>], measured: usize, noise: f64) {
    let v = embedded[measured].clone();
    let length: f64 = v.iter().map(|v| v * v).sum();
    if length == 0.0 {
        return;
    }
    // (1 - c)² = noise² / (length + noise²) along v.
    let shorten = (1.0 - (noise * noise / (length + noise * noise)).sqrt()) / length;
    for u in embedded {
        let along: f64 = u.iter().zip(&v).map(|(u, v)| u * v).sum();
        u.iter_mut().zip(&v).for_each(|(u, v)| *u -= shorten * along * v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOISE: f64 = 0.04;

    #[test]
    fn conditioning_is_that_of_the_formula() {
        let mut vectors = vec![vec![1.0, 0.5], vec![0.3, -2.0], vec![0.7, 0.1]];
        let product = |vectors: &[Vec<f64>], i: usize, j: usize| {
            vectors[i].iter().zip(&vectors[j]).map(|(a, b)| a * b).sum::<f64>()
        };
        let before = vectors.clone();
        condition(&mut vectors, 1, NOISE);
        let expected = |i, j| {
            product(&before, i, j)
                - product(&before, i, 1) * product(&before, 1, j) / (product(&before, 1, 1) + NOISE * NOISE)
        };
        for (i, j) in [(0, 0), (0, 2), (1, 1), (2, 1)] {
            assert!((product(&vectors, i, j) - expected(i, j)).abs() < 1e-12, "{i} {j}");
        }
    }
}
