//! Ops: the units that are measured and predicted. One file per kind, one line in [`ops!`].

mod act;
mod add;
mod average_pool;
mod concat;
mod conv;
mod draw;
mod fields;
mod global_pool;
mod linear;
mod max_pool;
mod mbconv;
mod mul;
mod op_spec;
mod softmax;
mod upsample;

pub use act::Act;
pub use add::Add;
pub use average_pool::AveragePool;
pub use concat::Concat;
pub use conv::ConvOp;
pub use draw::Draw;
pub use fields::Fields;
pub use global_pool::GlobalPool;
pub use linear::Linear;
pub use max_pool::MaxPool;
pub use mbconv::MbConv;
pub use mul::Mul;
pub use op_spec::OpSpec;
pub use softmax::Softmax;
pub use upsample::Upsample;

use super::{FeatureMap, GraphBuilder, SpecError, Value};

/// A kind of op: its name, the fields of its key, and the layers it is made of.
pub trait OpKind: Sized {
    /// First word of its key.
    const NAME: &'static str;

    /// Its parameters as the words that follow the input shape in a key, in canonical order.
    fn words(&self) -> Vec<String> {
        Vec::new()
    }

    /// Reads its parameters from a key's words.
    ///
    /// # Errors
    /// What is missing or wrong, in words.
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String>;

    /// Adds its layers to a graph.
    ///
    /// # Errors
    /// [`SpecError`] when it cannot take an input of that shape.
    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError>;

    /// How many channels it has inside for each that it reads.
    fn expansion(&self) -> u32 {
        1
    }

    /// A random input as mobile networks have it.
    fn sample_input(draw: &mut Draw<'_>) -> FeatureMap {
        draw.feature_map()
    }

    /// Random parameters as mobile networks have them, for this input.
    fn sample(draw: &mut Draw<'_>, input: FeatureMap) -> Self;
}

macro_rules! ops {
    ($($variant:ident($kind:ty)),+ $(,)?) => {
        /// An op of any kind, without its input.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Op {
            $(#[doc = concat!("See [`", stringify!($kind), "`].")] $variant($kind)),+
        }

        impl Op {
            /// Names of all kinds.
            pub const KINDS: &[&str] = &[$(<$kind>::NAME),+];

            /// The name of its kind.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$kind>::NAME),+ }
            }

            /// How many channels it has inside for each that it reads: more than 1 for a bottleneck that expands.
            pub fn expansion(&self) -> u32 {
                match self { $(Self::$variant(op) => op.expansion()),+ }
            }

            fn words(&self) -> Vec<String> {
                match self { $(Self::$variant(op) => op.words()),+ }
            }

            fn from_fields(kind: &str, fields: &mut Fields<'_>) -> Result<Self, String> {
                match kind {
                    $(<$kind>::NAME => <$kind>::from_fields(fields).map(Self::$variant),)+
                    _ => Err(unknown(kind)),
                }
            }

            fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
                match self { $(Self::$variant(op) => op.build(graph, input)),+ }
            }

            pub(in crate::spec) fn sample_input(kind: &str, draw: &mut Draw<'_>) -> Result<FeatureMap, String> {
                match kind {
                    $(<$kind>::NAME => Ok(<$kind>::sample_input(draw)),)+
                    _ => Err(unknown(kind)),
                }
            }

            pub(in crate::spec) fn sample(
                kind: &str,
                draw: &mut Draw<'_>,
                input: FeatureMap,
            ) -> Result<Self, String> {
                match kind {
                    $(<$kind>::NAME => Ok(Self::$variant(<$kind>::sample(draw, input))),)+
                    _ => Err(unknown(kind)),
                }
            }
        }

        $(impl From<$kind> for Op {
            fn from(op: $kind) -> Self { Self::$variant(op) }
        })+
    };
}

ops! {
    Conv(ConvOp),
    MbConv(MbConv),
    MaxPool(MaxPool),
    AveragePool(AveragePool),
    GlobalPool(GlobalPool),
    Linear(Linear),
    Add(Add),
    Mul(Mul),
    Concat(Concat),
    Act(Act),
    Upsample(Upsample),
    Softmax(Softmax),
}

fn unknown(kind: &str) -> String {
    format!("unknown kind `{kind}`, expected one of {}", Op::KINDS.join(", "))
}

#[cfg(test)]
mod tests;
