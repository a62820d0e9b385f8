//! The filters of a convolution.

use super::FeatureMap;

/// A 2-D convolution with bias; of two numbers the first is down, the second to the right.
///
/// In a graph it is padded by `dilation · (kernel − 1) / 2` on every side: `[h, w, c_in]` →
/// `[⌈h/stride⌉, ⌈w/stride⌉, out_channels]`. Weights `[out_channels, c_in / groups, kernel, kernel]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv {
    /// Channels out.
    pub out_channels: u32,
    /// Sides of the kernel; odd.
    pub kernel: [u32; 2],
    /// Steps.
    pub stride: [u32; 2],
    /// Groups: 1 for a plain convolution, the number of channels for a depthwise one.
    pub groups: u32,
    /// Distances between neighbouring taps; 1 for a plain convolution.
    pub dilation: [u32; 2],
}

impl Conv {
    /// A 1×1 convolution.
    pub fn pointwise(out_channels: u32) -> Self {
        Self { out_channels, kernel: [1; 2], stride: [1; 2], groups: 1, dilation: [1; 2] }
    }

    /// One k×k filter per channel.
    pub fn depthwise(channels: u32, kernel: u32, stride: u32) -> Self {
        let (kernel, stride) = ([kernel; 2], [stride; 2]);
        Self { kernel, stride, groups: channels, ..Self::pointwise(channels) }
    }

    /// Whether it has one filter per channel of `input`.
    pub fn is_depthwise(&self, input: FeatureMap) -> bool {
        self.groups > 1 && self.groups == input.channels && self.groups == self.out_channels
    }

    /// Padding above and below, and to the left and right.
    pub fn padding(&self) -> [u32; 2] {
        [0, 1].map(|axis| self.dilation[axis] * (self.kernel[axis] / 2))
    }

    /// Positions that a filter covers.
    pub fn taps(&self) -> u64 {
        self.kernel.iter().copied().map(u64::from).product()
    }

    pub(super) fn check(&self, channels_in: u32) -> Result<(), &'static str> {
        if self.kernel.iter().any(|side| side.is_multiple_of(2) || *side > 63) {
            return Err("the kernel must be odd and at most 63");
        }
        if self.stride.iter().any(|stride| !(1..=8).contains(stride)) {
            return Err("the stride must be 1 to 8");
        }
        let mut taps = self.kernel.iter().zip(&self.dilation);
        if taps.any(|(kernel, dilation)| !(1..=8).contains(dilation) || (*kernel == 1 && *dilation > 1)) {
            return Err("the dilation must be 1 to 8, and 1 for a 1x1 kernel");
        }
        let divides = |channels: u32| self.groups > 0 && channels.is_multiple_of(self.groups);
        if !divides(channels_in) || !divides(self.out_channels) {
            return Err("the groups must divide the channels in and out");
        }
        Ok(())
    }
}
