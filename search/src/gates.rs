//! The gradient of binary gates: what the choice of a candidate does to the loss.

use tch::{Kind, Tensor};

use crate::alpha::{GateGradient, Pair};
use crate::data::Batch;
use crate::error::SearchError;
use crate::module::Mode;
use crate::sgd::cross_entropy;
use crate::supernet::Supernet;

/// ∂CE/∂g of every block's two gates, and the cross-entropy, on one batch.
///
/// The active candidate of each pair runs with a graph and its output goes on; the other runs on the same input
/// without a graph. Blocks without a pair run `rest`'s candidate. With m = g_1 o_1 + g_2 o_2 the gradient is ∂L/∂g_k = ⟨o_k, ∂L/∂m⟩.
/// Weights and running statistics stay as they are. Source: ProxylessNAS, §3.2, arXiv:1812.00332.
///
/// # Errors
/// [`SearchError::Torch`].
pub fn gate_gradients(
    supernet: &Supernet,
    pairs: &[Option<Pair>],
    rest: &[usize],
    batch: &Batch,
) -> Result<(f64, Vec<Option<GateGradient>>), SearchError> {
    let mode = Mode::Probe;
    let mut x = supernet.stem(&batch.images, mode)?;
    let mut outputs = Vec::new();
    for (block, (pair, &rest)) in pairs.iter().zip(rest).enumerate() {
        let Some(pair) = pair else {
            x = supernet.candidate(block, rest, &x, mode)?;
            continue;
        };
        let other = tch::no_grad(|| supernet.candidate(block, pair.second, &x, mode))?;
        x = supernet.candidate(block, pair.first, &x, mode)?;
        outputs.push((block, *pair, x.shallow_clone(), other));
    }
    let loss = cross_entropy(&supernet.head(&x, mode)?, &batch.labels, 0.0)?;
    let mixed: Vec<&Tensor> = outputs.iter().map(|(_, _, active, _)| active).collect();
    let mut gates = vec![None; pairs.len()];
    if !mixed.is_empty() {
        let gradients = Tensor::f_run_backward(&[&loss], &mixed, false, false)?;
        for ((block, pair, active, other), gradient) in outputs.iter().zip(&gradients) {
            let by_gate = |output: &Tensor| -> Result<f64, SearchError> {
                Ok(f64::try_from(tch::no_grad(|| output.f_mul(gradient)?.f_sum(Kind::Double))?)?)
            };
            gates[*block] = Some(GateGradient { pair: *pair, gates: [by_gate(active)?, by_gate(other)?] });
        }
    }
    Ok((f64::try_from(&loss)?, gates))
}
