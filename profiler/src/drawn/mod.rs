//! Random networks as the field builds them: what op times are measured inside of.
//!
//! A network has a style, which says what its blocks are, and random sizes: resolution, depth, widths, kernels, activations.
//! Its width is then chosen so that it has about as many multiply-accumulates as were drawn for it. A new style is a file in
//! `style` and its lines there.

mod heads;
mod network;
mod pen;
mod start;
mod style;

pub use network::{DrawnNetwork, LARGEST_DRAWN, SMALLEST_DRAWN, draw_network, draw_networks, drawn_place};

/// Names of the styles of networks, in the order in which they are drawn, again and again.
pub fn styles() -> Vec<&'static str> {
    style::STYLES.iter().map(|style| style.name).collect()
}

#[cfg(test)]
mod tests;
