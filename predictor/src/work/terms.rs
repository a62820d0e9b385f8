//! The kinds of physical work an op is made of.

macro_rules! amounts {
    ($($(#[$doc:meta])* $amount:ident $ending:literal;)+) => {
        /// What is counted of a class of work.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Amount { $($(#[$doc])* $amount),+ }

        /// The end of a term's name.
        macro_rules! ending { $(($amount) => { $ending };)+ }
    };
}

amounts! {
    /// Multiply-accumulates in millions, padding counted.
    Macs "_macs";
    /// Elements read in millions.
    Read "_read";
    /// Elements written in millions.
    Written "_written";
    /// Weights in millions.
    Weights "_weights";
    /// Layers.
    Calls "_calls";
    /// Multiply-accumulates of outputs outside whole groups of eight neighbours, in millions over all channels.
    ScalarMacs "_scalar_macs";
    /// Runs of outputs with the same taps, in millions over all channels.
    Runs "_runs";
    /// The taps of all runs, in millions over all channels.
    RunTaps "_run_taps";
    /// Elements written in millions, of layers without weights.
    Elements "_elements";
    /// Elements read in millions, of global pooling.
    Pooled "_elements";
    /// Elements that windows read in millions, again for every window.
    Taps "_taps";
    /// Maps that are joined.
    Parts "_calls";
    /// Thousands of steps that follow one after the other for each output.
    Steps "_steps";
    /// 1.
    One "";
}

/// A kind of physical work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// Whose work it is.
    pub(crate) class: Class,
    /// What is counted of it.
    pub(crate) amount: Amount,
    /// Its name in model files.
    pub(crate) name: &'static str,
}

macro_rules! terms {
    ($($(#[$doc:meta])* $class:ident $name:literal: $($amount:ident)+;)+) => {
        /// A class of work: mostly, of layers that are alike.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Class { $($(#[$doc])* $class),+ }

        /// All work terms, in order.
        pub(crate) const TERMS: &[Term] = &[$($(Term {
            class: Class::$class,
            amount: Amount::$amount,
            name: concat!($name, ending!($amount)),
        }),+),+];
    };
}

terms! {
    /// 1×1 convolutions of maps.
    Pointwise "pointwise": Macs Read Written Weights Calls;
    /// Depthwise convolutions, with what the edges of the map break up.
    Depthwise "depthwise": Macs Read Written Weights Calls ScalarMacs Runs RunTaps;
    /// Other convolutions of one group.
    Dense "dense": Macs Read Written Weights Calls;
    /// Other convolutions of several groups.
    Grouped "grouped": Macs Read Written Weights Calls;
    /// Fully connected layers, and 1×1 convolutions of one position.
    Linear "linear": Macs Read Written Weights Calls;
    /// max(x, 0), and min(max(x, 0), 6), which costs no more.
    Relu "relu": Elements;
    /// x · relu6(x + 3) / 6.
    Hswish "hswish": Elements;
    /// Sums of two maps.
    Added "added": Elements Calls;
    /// Means over all positions.
    Pooled "pooled": Pooled Calls;
    /// Dilated convolutions once more; their edges are not counted.
    Dilated "dilated": Macs;
    /// 1 / (1 + e⁻ˣ).
    Sigmoid "sigmoid": Elements;
    /// relu6(x + 3) / 6.
    Hsigmoid "hsigmoid": Elements;
    /// x / (1 + e⁻ˣ).
    Swish "swish": Elements;
    /// Products of two maps.
    Multiplied "multiplied": Elements Calls;
    /// Maps times a factor per channel.
    Gated "gated": Elements Calls;
    /// Maps put side by side.
    Concatenated "concatenated": Elements Parts;
    /// The largest of windows.
    MaxPool "max_pool": Taps Calls Written;
    /// The mean of windows.
    AveragePool "average_pool": Taps Calls Written;
    /// Maps made larger by repeating.
    Nearest "nearest": Elements;
    /// Maps made larger by interpolating.
    Bilinear "bilinear": Elements;
    /// Maps made larger either way.
    Upsampled "upsampled": Calls;
    /// e^x over the sum of all.
    Softmax "softmax": Elements Calls;
    /// What no layer describes, and what a delegate fused under a name that is not known.
    Other "other": Macs Read Written Weights Elements Calls;
    /// All layers, a layer's input channels taken four at a time: what an op takes where a processor has more lanes than the
    /// op has outputs.
    Serial "serial": Steps;
    /// Every op.
    Constant "constant": One;
}

/// Number of work terms.
pub(crate) const N_TERMS: usize = TERMS.len();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_their_order_are_those_of_model_files() {
        let expected = "pointwise_macs pointwise_read pointwise_written pointwise_weights pointwise_calls depthwise_macs \
             depthwise_read depthwise_written depthwise_weights depthwise_calls depthwise_scalar_macs depthwise_runs \
             depthwise_run_taps dense_macs dense_read dense_written dense_weights dense_calls grouped_macs grouped_read \
             grouped_written grouped_weights grouped_calls linear_macs linear_read linear_written linear_weights linear_calls \
             relu_elements hswish_elements added_elements added_calls pooled_elements pooled_calls \
             dilated_macs sigmoid_elements hsigmoid_elements swish_elements multiplied_elements multiplied_calls \
             gated_elements gated_calls concatenated_elements concatenated_calls max_pool_taps max_pool_calls \
             max_pool_written average_pool_taps average_pool_calls average_pool_written nearest_elements bilinear_elements \
             upsampled_calls softmax_elements softmax_calls other_macs other_read other_written other_weights \
             other_elements other_calls serial_steps constant";
        let names: Vec<&str> = TERMS.iter().map(|term| term.name).collect();
        assert_eq!(names.join(" "), expected);
    }
}
