//! What reads sequences step by step, and what begins and masks them.

use rand::RngExt;

use super::super::proto::{BOOL, FLOAT};
use super::{Operand, Sketch, Sketched, int, text};

/// A recurrent layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recurrent {
    /// Long short-term memory.
    Lstm,
    /// Gated recurrent units.
    Gru,
}

impl Sketch {
    /// A trained vector for each token: `[1, t]` → `[1, t, channels]`.
    pub fn embed(&mut self, tokens: &Sketched, words: u32, channels: u32) -> Sketched {
        let table = self.random(&[words.into(), channels.into()], -1.0, 1.0);
        let dims = vec![1, tokens.side(1).into(), channels.into()];
        self.node("Gather", &[&table, &tokens.name], dims, vec![])
    }

    /// A recurrent layer over `[t, 1, c]`, forwards, or in both directions side by side: `[t, 1, hidden]` or `[t, 1, 2 · hidden]`.
    pub fn recurrent(&mut self, x: &Sketched, kind: Recurrent, hidden: u32, directions: u32) -> Sketched {
        let (operator, gates) = match kind {
            Recurrent::Lstm => ("LSTM", 4),
            Recurrent::Gru => ("GRU", 3),
        };
        let (steps, inputs) = (u64::from(x.side(0)), u64::from(x.side(2)));
        let (hidden, directions) = (u64::from(hidden), u64::from(directions));
        let weights = self.weights(&[directions, gates * hidden, inputs], inputs * 4);
        let again = self.weights(&[directions, gates * hidden, hidden], hidden * 4);
        let biases = self.random(&[directions, 2 * gates * hidden], -0.1, 0.1);
        self.macs += steps * directions * gates * hidden * (inputs + hidden);
        let mut attributes = vec![int("hidden_size", hidden as i64)];
        if directions == 2 {
            attributes.push(text("direction", "bidirectional"));
        }
        if kind == Recurrent::Gru {
            attributes.push(int("linear_before_reset", 1));
        }
        let names = [x.name.as_str(), &weights, &again, &biases];
        let given = self.node(operator, &names, vec![steps, directions, 1, hidden], attributes);
        let beside = if directions == 2 { self.transpose(&given, &[0, 2, 1, 3]) } else { given };
        self.reshape(&beside, &[steps, 1, directions * hidden])
    }

    /// What keeps attention off the tokens that are 0: `[1, 1, 1, t]`, 0 or very low; by the comparison `Equal` or `Greater`.
    pub fn padding_mask(&mut self, tokens: &Sketched, comparison: &str) -> Sketched {
        let zero = self.longs(&[0]);
        let compared = self.node(comparison, &[&tokens.name, &zero], tokens.dims.clone(), vec![]);
        let compared = self.real(&compared);
        let compared = self.reshape(&compared, &[1, 1, 1, tokens.side(1).into()]);
        let missing = match comparison {
            "Equal" => compared,
            _ => self.combine("Sub", &compared, Operand::First(1.0)),
        };
        self.times(&missing, -10_000.0)
    }

    /// What is true as 1, what is not as 0.
    pub fn real(&mut self, x: &Sketched) -> Sketched {
        self.node("Cast", &[&x.name], x.dims.clone(), vec![int("to", FLOAT.into())])
    }

    /// Scores `[.., t, t]` of which those of later positions are very low.
    pub fn mask_later(&mut self, scores: &Sketched) -> Sketched {
        let side = u64::from(scores.side(scores.dims.len() - 1));
        let name = self.next_constant();
        if self.rng.is_some() {
            let is_kept = (0..side * side).map(|place| u8::from(place % side <= place / side)).collect();
            self.parts.initializer(&name, &[1, 1, side, side], BOOL, is_kept);
        }
        let low = self.number(-10_000.0);
        self.node("Where", &[&name, &scores.name, &low], scores.dims.clone(), vec![])
    }

    /// A trained token before a sequence: `[1, t, c]` → `[1, 1 + t, c]`.
    pub fn class_token(&mut self, x: &Sketched) -> Sketched {
        let token = self.random(&[1, 1, x.side(2).into()], -1.0, 1.0);
        let dims = vec![1, u64::from(x.side(1)) + 1, x.side(2).into()];
        self.node("Concat", &[&token, &x.name], dims, vec![int("axis", 1)])
    }

    /// Scores `[n, h, t, t]` with a trained number for each pair of positions, and in windows that were shifted, what keeps
    /// positions apart that are no neighbours.
    pub fn biased(&mut self, scores: &Sketched, is_shifted: Shifted) -> Sketched {
        let mut dims = scores.dims.clone();
        dims[0] = 1;
        let biases = self.random(&dims, -0.5, 0.5);
        let sum = self.node("Add", &[&scores.name, &biases], scores.dims.clone(), vec![]);
        match is_shifted {
            Shifted::No => sum,
            Shifted::Yes => {
                let [windows, heads, rows, columns] = [0, 1, 2, 3].map(|axis| scores.dims[axis]);
                let name = self.next_constant();
                if let Some(rng) = &mut self.rng {
                    let low = |_| if rng.random::<f32>() < 0.1 { -100.0 } else { 0.0 };
                    let masks: Vec<f32> = (0..windows * rows * columns).map(low).collect();
                    self.parts.floats(&name, &[1, windows, 1, rows, columns], &masks);
                }
                let split = self.reshape(&sum, &[1, windows, heads, rows, columns]);
                let masked = self.node("Add", &[&split.name, &name], split.dims.clone(), vec![]);
                self.reshape(&masked, &scores.dims)
            }
        }
    }
}

/// Whether windows were shifted, so that positions lie in one that are no neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shifted {
    /// They were.
    Yes,
    /// They were not.
    No,
}
