//! Ops: the units that are measured and predicted. One file per kind, one line in [`ops!`].

mod conv;
mod fields;
mod global_pool;
mod linear;
mod mbconv;

use std::{fmt, str::FromStr};

pub use conv::ConvOp;
pub use global_pool::GlobalPool;
pub use linear::Linear;
pub use mbconv::MbConv;

use super::{FeatureMap, Graph, GraphBuilder, Macs, SpecError, Value};
pub use fields::Fields;

/// A kind of op: its name, the fields of its key, and the layers it is made of.
pub trait OpKind: Sized {
    /// First word of its key.
    const NAME: &'static str;

    /// Its parameters as the words that follow the input shape in a key, in canonical order.
    fn words(&self) -> Vec<String>;

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
}

macro_rules! ops {
    ($($variant:ident($kind:ty)),+ $(,)?) => {
        /// An op of any kind, without its input.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Op {
            $(#[doc = concat!("See [`", stringify!($kind), "`].")] $variant($kind)),+
        }

        impl Op {
            /// Names of all kinds.
            pub const KINDS: &[&str] = &[$(<$kind>::NAME),+];

            /// The name of its kind.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$kind>::NAME),+ }
            }

            fn words(&self) -> Vec<String> {
                match self { $(Self::$variant(op) => op.words()),+ }
            }

            fn from_fields(kind: &str, fields: &mut Fields<'_>) -> Result<Self, String> {
                match kind {
                    $(<$kind>::NAME => <$kind>::from_fields(fields).map(Self::$variant),)+
                    _ => Err(format!("unknown kind `{kind}`, expected one of {}", Self::KINDS.join(", "))),
                }
            }

            fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
                match self { $(Self::$variant(op) => op.build(graph, input)),+ }
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
    GlobalPool(GlobalPool),
    Linear(Linear),
}

/// An op with the shape of its input; one that fits it, by construction.
///
/// Its text is its key, for example `mbconv-14x14x24-o24-e6-k5-s1-relu6-res`: kind, input shape, parameters. A key
/// is canonical: parsing and printing give it back, and equal ops have equal keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpSpec {
    input: FeatureMap,
    output: FeatureMap,
    op: Op,
}

impl OpSpec {
    /// An op on an input.
    ///
    /// # Errors
    /// [`SpecError`] when the op cannot take an input of that shape.
    pub fn new(input: FeatureMap, op: impl Into<Op>) -> Result<Self, SpecError> {
        let op = op.into();
        let output = build(input, &op)?.output();
        Ok(Self { input, output, op })
    }

    /// Shape of the input.
    #[must_use]
    pub fn input(&self) -> FeatureMap {
        self.input
    }

    /// Shape of the output.
    #[must_use]
    pub fn output(&self) -> FeatureMap {
        self.output
    }

    /// The op.
    #[must_use]
    pub fn op(&self) -> Op {
        self.op
    }

    /// Its text key (the same as its [`fmt::Display`]).
    #[must_use]
    pub fn key(&self) -> String {
        self.to_string()
    }

    /// Its layers.
    #[must_use]
    pub fn graph(&self) -> Graph {
        match build(self.input, &self.op) {
            Ok(graph) => graph,
            Err(_) => unreachable!("checked by OpSpec::new"),
        }
    }

    /// Its multiply-accumulates.
    #[must_use]
    pub fn macs(&self) -> Macs {
        self.graph().macs()
    }

    /// Adds its layers to a graph.
    ///
    /// # Errors
    /// [`SpecError`] when the value has not the op's input shape.
    pub fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        self.op.build(graph, input)
    }
}

fn build(input: FeatureMap, op: &Op) -> Result<Graph, SpecError> {
    let mut graph = GraphBuilder::new(input);
    let output = op.build(&mut graph, Value::default())?;
    Ok(graph.finish(output))
}

impl fmt::Display for OpSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.op.kind(), self.input)?;
        self.op.words().iter().try_for_each(|word| write!(f, "-{word}"))
    }
}

impl FromStr for OpSpec {
    type Err = SpecError;

    fn from_str(key: &str) -> Result<Self, SpecError> {
        let wrong = |reason: String| SpecError::Key { key: key.chars().take(200).collect(), reason };
        let mut words = key.split('-');
        let kind = words.next().unwrap_or_default();
        let input = words.next().unwrap_or_default();
        let mut fields = Fields::new(words);
        let op = Op::from_fields(kind, &mut fields).map_err(wrong)?;
        fields.finish().map_err(wrong)?;
        let input = input.parse().map_err(|e: SpecError| wrong(e.to_string()))?;
        let spec = Self::new(input, op).map_err(|e| wrong(e.to_string()))?;
        if spec.to_string() != key {
            return Err(wrong(format!("write it as `{spec}`")));
        }
        Ok(spec)
    }
}

#[cfg(test)]
mod tests;
