use proptest::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;

fn alphas(range: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(-3.0..3.0_f64, range)
}

proptest! {
    /// With L = Σ_j c_j q_j the gate gradients are ∂L/∂g_j = c_j; the formula must give dL/dα.
    #[test]
    fn gradient_is_that_of_finite_differences(values in alphas(2..8), costs in (-2.0..2.0_f64, -2.0..2.0_f64), seed: u64) {
        let pair = Pair::sample(&values, &mut Pcg64::seed_from_u64(seed)).unwrap();
        let loss = |values: &[f64]| {
            let q = softmax(&[values[pair.first], values[pair.second]]);
            costs.0 * q[0] + costs.1 * q[1]
        };
        let found = GateGradient { pair, gates: [costs.0, costs.1] }.alpha_gradients(&values);
        for (candidate, found) in [(pair.first, found[0]), (pair.second, found[1])] {
            let h = 1e-5;
            let (mut low, mut high) = (values.clone(), values.clone());
            low[candidate] -= h;
            high[candidate] += h;
            let expected = (loss(&high) - loss(&low)) / (2.0 * h);
            prop_assert!((found - expected).abs() < 1e-8, "{} {}", found, expected);
        }
    }

    #[test]
    fn unsampled_probabilities_and_moments_stay(
        values in alphas(3..8), gates in (-5.0..5.0_f64, -5.0..5.0_f64), steps in 1..20_u64, seed: u64,
    ) {
        let count = values.len();
        let mut adam = AlphaAdam::new(&[count], 0.3);
        let mut alphas = Alphas::from_blocks(vec![values]);
        for step in 0..steps {
            let before = alphas.clone();
            let (remembered, p) = (adam.clone(), before.probabilities());
            let pair = alphas.sample_pairs(&mut Pcg64::seed_from_u64(seed ^ step))[0].unwrap();
            alphas.descend(&[Some(GateGradient { pair, gates: [gates.0, gates.1] })], &mut adam);
            let q = alphas.probabilities();
            for other in (0..count).filter(|&i| i != pair.first && i != pair.second) {
                prop_assert!((p[0][other] - q[0][other]).abs() < 1e-12);
                prop_assert_eq!(alphas.blocks()[0][other].to_bits(), before.blocks()[0][other].to_bits());
                prop_assert_eq!(adam.moments()[0][other], remembered.moments()[0][other]);
            }
            prop_assert_eq!(adam.moments()[0][pair.first].steps, remembered.moments()[0][pair.first].steps + 1);
            // The candidate with the smaller gate gradient gains.
            let gained = q[0][pair.first] > p[0][pair.first];
            prop_assert_eq!(gained, gates.0 < gates.1);
        }
    }

    #[test]
    fn a_pair_has_two_different_candidates(values in alphas(2..8), seed: u64) {
        let pair = Pair::sample(&values, &mut Pcg64::seed_from_u64(seed)).unwrap();
        prop_assert!(pair.first != pair.second && pair.first.max(pair.second) < values.len());
    }
}

#[test]
fn paths_and_pairs_are_drawn_by_their_probabilities() {
    // p = (1/6, 2/6, 3/6).
    let alphas = Alphas::from_blocks(vec![vec![1.0_f64.ln(), 2.0_f64.ln(), 3.0_f64.ln()]]);
    let mut rng = Pcg64::seed_from_u64(3);
    let draws = 60_000;
    let mut paths = [0.0; 3];
    let mut without = [0.0; 3];
    let mut active = [0.0; 3];
    for _ in 0..draws {
        paths[alphas.sample_path(&mut rng)[0]] += 1.0 / f64::from(draws);
        let pair = alphas.sample_pairs(&mut rng)[0].unwrap();
        without[3 - pair.first - pair.second] += 1.0 / f64::from(draws);
        active[pair.first] += 1.0 / f64::from(draws);
    }
    // Candidate 0 is left out when 1 and 2 are drawn: 1/3·(1/2)/(2/3) + 1/2·(1/3)/(1/2) = 1/4 + 1/3 = 7/12;
    // 1 is left out: 1/6·(1/2)/(5/6) + 1/2·(1/6)/(1/2) = 1/10 + 1/6 = 4/15; 2: 1 − 7/12 − 4/15 = 3/20.
    // Active, given who is left out: 0 of (0, 1) 1/3, of (0, 2) 1/4: 3/20·1/3 + 4/15·1/4 = 7/60 and so on.
    let expected = [(paths, [1.0 / 6.0, 2.0 / 6.0, 0.5]), (without, [7.0 / 12.0, 4.0 / 15.0, 0.15])];
    for (found, expected) in
        expected.into_iter().chain([(active, [7.0 / 60.0, 0.1 + 7.0 / 30.0, 0.2 + 0.35])])
    {
        for (found, expected) in found.iter().zip(expected) {
            // Five standard deviations of a share of 1/2 in 60,000 draws.
            assert!((found - expected).abs() < 5.0 * 0.5 / 60_000_f64.sqrt(), "{found} {expected}");
        }
    }
}

#[test]
fn one_candidate_is_no_choice() {
    let mut alphas = Alphas::new(&[1, 2]);
    assert_eq!(alphas.sample_pairs(&mut Pcg64::seed_from_u64(0))[0], None);
    assert_eq!(relative_entropy(&alphas.probabilities()), 1.0);
    let mut adam = AlphaAdam::new(&[1, 2], 0.1);
    alphas.descend(&[None, None], &mut adam);
    assert_eq!(alphas, Alphas::new(&[1, 2]));
    assert_eq!(relative_entropy(&Alphas::new(&[1]).probabilities()), 0.0);
}

#[test]
fn adam_by_hand() {
    // β1 = 0: m = g. After the first gradient v/(1 − β2) = g², so the step is the learning rate, whatever the size.
    let mut adam = AlphaAdam::new(&[1], 0.1);
    assert!((adam.step_of(0, 0, -4.0) + 0.1).abs() < 1e-9);
    // Then v = (0.999·16 + 4)·0.001 = 0.019984, over 1 − 0.999² = 0.001999: 9.997; 2/√9.997 = 0.63255.
    assert!((adam.step_of(0, 0, 2.0) - 0.063_255).abs() < 1e-6);
    assert_eq!(adam.moments()[0][0].steps, 2);
}

#[test]
fn most_probable_is_the_largest_and_the_first_of_equals() {
    let alphas = Alphas::from_blocks(vec![vec![0.0, 2.0, 1.0], vec![0.5, 0.5]]);
    assert_eq!(alphas.most_probable(), [1, 0]);
}
