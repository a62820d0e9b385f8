use rand::SeedableRng;

use super::*;
use crate::{alpha::softmax, latency::ExpectedLatency, objective::LatencyLoss};

/// Two blocks, of three and of two candidates, with a reward per path.
const BLOCKS: [&[f64]; 2] = [&[0.4, -0.3, 0.9], &[0.2, -0.5]];
const REWARDS: [[f64; 2]; 3] = [[0.5, 0.9], [0.1, 0.3], [0.7, 0.2]];

fn reinforce() -> Reinforce {
    let blocks_ms = BLOCKS.iter().map(|block| vec![1.0; block.len()]).collect();
    let budget = Budget::new(&ExpectedLatency { constant_ms: 1.0, blocks_ms }, 3.0);
    let plan = Plan { budget, latency_loss: LatencyLoss::None };
    Reinforce::new(&plan, Settings::preset(Preset::Quick))
        .with_alphas(Alphas::from_blocks(BLOCKS.map(<[f64]>::to_vec).to_vec()))
}

/// −∂J/∂α with J = Σ p(path) R(path), by finite differences of the sum over all six paths.
fn enumerated() -> Vec<Vec<f64>> {
    let expected = |blocks: &[Vec<f64>]| {
        let p: Vec<_> = blocks.iter().map(|block| softmax(block)).collect();
        let mut sum = 0.0;
        for (first, rewards) in REWARDS.iter().enumerate() {
            for (second, reward) in rewards.iter().enumerate() {
                sum += p[0][first] * p[1][second] * reward;
            }
        }
        sum
    };
    let slope = |block: usize, candidate: usize| {
        let moved = |by: f64| {
            let mut blocks = BLOCKS.map(<[f64]>::to_vec);
            blocks[block][candidate] += by;
            expected(&blocks)
        };
        -(moved(1e-5) - moved(-1e-5)) / 2e-5
    };
    (0..2).map(|block| (0..BLOCKS[block].len()).map(|candidate| slope(block, candidate)).collect()).collect()
}

#[test]
fn the_mean_gradient_is_that_of_all_paths() {
    let expected = enumerated();
    // Without a baseline yet, and with one that is far off.
    for baseline in [None, Some(3.0)] {
        let strategy = Reinforce { baseline, ..reinforce() };
        let mut rng = Pcg64::seed_from_u64(5);
        let updates = 20_000;
        let (mut sums, mut squares) = (vec![vec![0.0; 3], vec![0.0; 2]], vec![vec![0.0; 3], vec![0.0; 2]]);
        for _ in 0..updates {
            let paths: Vec<_> = (0..10).map(|_| strategy.learned.alphas.sample_path(&mut rng)).collect();
            let rewards: Vec<_> = paths.iter().map(|path| REWARDS[path[0]][path[1]]).collect();
            let (gradient, _) =
                reward_gradient(&strategy.learned.alphas, strategy.baseline, &paths, &rewards);
            for (block, gradient) in gradient.iter().enumerate() {
                for (candidate, value) in gradient.iter().enumerate() {
                    sums[block][candidate] += value;
                    squares[block][candidate] += value * value;
                }
            }
        }
        let n = f64::from(updates);
        for (block, expected) in expected.iter().enumerate() {
            for (candidate, expected) in expected.iter().enumerate() {
                let mean = sums[block][candidate] / n;
                let error = ((squares[block][candidate] / n - mean * mean) / n).sqrt();
                // Five standard errors; and these are small beside the largest gradient, 0.1.
                assert!((mean - expected).abs() < 5.0 * error, "{baseline:?}: {mean} ± {error}, {expected}");
                assert!(error < 2e-3, "{error}");
            }
        }
    }
}

#[test]
fn the_baseline_follows_the_mean_reward() {
    // 0.25 + 0.99 · (0.75 − 0.25) = 0.745.
    let strategy = Reinforce { baseline: Some(0.25), ..reinforce() };
    let (_, baseline) =
        reward_gradient(&strategy.learned.alphas, strategy.baseline, &[vec![0, 0], vec![1, 1]], &[0.5, 1.0]);
    assert!((baseline - 0.745).abs() < 1e-12);
    // The first one is the mean itself. One network alone, without a baseline, says nothing.
    let (gradient, baseline) = reward_gradient(&reinforce().learned.alphas, None, &[vec![0, 0]], &[0.5]);
    assert_eq!(baseline, 0.5);
    assert!(gradient.iter().flatten().all(|value| *value == 0.0), "{gradient:?}");
}
