//! An op in its place: with the shape of its input, perhaps a second op behind it, and its number format.

use std::{fmt, str::FromStr};

use crate::spec::{FeatureMap, Fields, Graph, GraphBuilder, Macs, Op, Precision, SpecError, Value};

/// An op with the shape of its input, or a pair of ops that a runtime may fuse; one that fits its input, by construction.
///
/// Its text is its key, for example `mbconv-14x14x24-o24-e6-k5-s1-relu6-res`: kind, input shape, parameters. The second
/// op of a pair follows a `+` and takes what the first gives: `conv-28x28x16-o32-k3-s1+act-hswish`. `-int8` at the end
/// stands for the whole. A key is canonical: parsing and printing give it back, and equal ops have equal keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpSpec {
    input: FeatureMap,
    output: FeatureMap,
    op: Op,
    then: Option<Op>,
    precision: Precision,
}

impl OpSpec {
    /// An op on an input, in f32.
    ///
    /// # Errors
    /// [`SpecError`] when the op cannot take an input of that shape.
    pub fn new(input: FeatureMap, op: impl Into<Op>) -> Result<Self, SpecError> {
        Self::of(input, op.into(), None)
    }

    /// The pair of this op and one that takes its output.
    ///
    /// # Errors
    /// [`SpecError`] when `next` cannot take it, or this is a pair already.
    pub fn followed_by(self, next: impl Into<Op>) -> Result<Self, SpecError> {
        if self.then.is_some() {
            return Err(SpecError::Key { key: self.key(), reason: "a pair has two ops".to_owned() });
        }
        Self::of(self.input, self.op, Some(next.into()))?.in_precision(self.precision)
    }

    /// The same op in another number format.
    ///
    /// # Errors
    /// [`SpecError::NoIntegers`] for int8 when none of its layers is computed in integers.
    pub fn in_precision(self, precision: Precision) -> Result<Self, SpecError> {
        let spec = Self { precision, ..self };
        let integers = || spec.graph().nodes().iter().any(|node| node.layer.has_integer_form());
        match precision {
            Precision::Int8 if !integers() => {
                let op = Self { precision: Precision::F32, ..self }.to_string();
                Err(SpecError::NoIntegers { op })
            }
            _ => Ok(spec),
        }
    }

    fn of(input: FeatureMap, op: Op, then: Option<Op>) -> Result<Self, SpecError> {
        let output = build(input, &op, then.as_ref())?.output();
        Ok(Self { input, output, op, then, precision: Precision::F32 })
    }

    /// Shape of the (first) input.
    pub fn input(&self) -> FeatureMap {
        self.input
    }

    /// Shape of the output.
    pub fn output(&self) -> FeatureMap {
        self.output
    }

    /// The op; of a pair, the first.
    pub fn op(&self) -> Op {
        self.op
    }

    /// The second op of a pair.
    pub fn then(&self) -> Option<Op> {
        self.then
    }

    /// The number format.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// What ops of its kind have in common: `conv`, `conv+act` for a pair, with `-int8` behind it for int8.
    pub fn kind(&self) -> String {
        let then = self.then.map_or_else(String::new, |op| format!("+{}", op.kind()));
        format!("{}{then}{}", self.op.kind(), self.precision.suffix())
    }

    /// Its text key (the same as its [`fmt::Display`]).
    pub fn key(&self) -> String {
        self.to_string()
    }

    /// Its layers.
    pub fn graph(&self) -> Graph {
        match build(self.input, &self.op, self.then.as_ref()) {
            Ok(graph) => graph,
            Err(_) => unreachable!("checked by OpSpec::of"),
        }
    }

    /// Its multiply-accumulates.
    pub fn macs(&self) -> Macs {
        self.graph().macs()
    }

    /// Adds its layers to a graph.
    ///
    /// # Errors
    /// [`SpecError`] when the value has not the op's input shape.
    pub fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        add_layers(graph, input, &self.op, self.then.as_ref())
    }
}

fn build(input: FeatureMap, op: &Op, then: Option<&Op>) -> Result<Graph, SpecError> {
    let mut graph = GraphBuilder::new(input);
    let output = add_layers(&mut graph, Value::default(), op, then)?;
    Ok(graph.finish(output))
}

fn add_layers(
    graph: &mut GraphBuilder,
    input: Value,
    op: &Op,
    then: Option<&Op>,
) -> Result<Value, SpecError> {
    let value = op.build(graph, input)?;
    then.map_or(Ok(value), |then| then.build(graph, value))
}

impl fmt::Display for OpSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.op.kind(), self.input)?;
        self.op.words().iter().try_for_each(|word| write!(f, "-{word}"))?;
        if let Some(then) = &self.then {
            write!(f, "+{}", then.kind())?;
            then.words().iter().try_for_each(|word| write!(f, "-{word}"))?;
        }
        f.write_str(self.precision.suffix())
    }
}

impl FromStr for OpSpec {
    type Err = SpecError;

    fn from_str(key: &str) -> Result<Self, SpecError> {
        let wrong = |reason: String| SpecError::Key { key: key.chars().take(200).collect(), reason };
        let in_key = |error: SpecError| wrong(error.to_string());
        let (rest, precision) = match key.strip_suffix(Precision::Int8.suffix()) {
            Some(rest) => (rest, Precision::Int8),
            None => (key, Precision::F32),
        };
        let (first, second) =
            rest.split_once('+').map_or((rest, None), |(first, second)| (first, Some(second)));
        let mut words = first.split('-');
        let kind = words.next().unwrap_or_default();
        let input = words.next().unwrap_or_default();
        let op = read(kind, words).map_err(wrong)?;
        let then = second.map(|text| {
            let mut words = text.split('-');
            read(words.next().unwrap_or_default(), words)
        });
        let then = then.transpose().map_err(wrong)?;
        let input = input.parse().map_err(in_key)?;
        let spec = Self::of(input, op, then).map_err(in_key)?.in_precision(precision)?;
        if spec.to_string() != key {
            return Err(wrong(format!("write it as `{spec}`")));
        }
        Ok(spec)
    }
}

fn read<'a>(kind: &str, words: impl Iterator<Item = &'a str>) -> Result<Op, String> {
    let mut fields = Fields::new(words);
    let op = Op::from_fields(kind, &mut fields)?;
    fields.finish()?;
    Ok(op)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Architecture;

    #[test]
    fn weights_beyond_what_a_file_holds_are_refused() {
        let read = |key: &str| key.parse::<OpSpec>().map_err(|error| error.to_string());
        // 60,000 · 60,000.
        let error = read("conv-1x1x60000-o60000-k1-s1").unwrap_err();
        assert!(error.contains("number of weights is 3600000000") && error.contains("2 GiB"), "{error}");
        let half = read("conv-1x1x20000-o20000-k1-s1").unwrap();
        let error = Architecture::new("two", None, vec![half, half]).unwrap_err().to_string();
        assert!(error.contains("number of weights is 800000000"), "{error}");
    }
}
