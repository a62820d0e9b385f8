//! What a file holds: tensors, and the nodes that compute them.

use super::TfliteError;
use super::builtin::Builtin;
use super::schema::{self, Field, LEFT_OUT};
use super::table::{Number, Source, Table};

/// Most sides of a tensor that is believed; TensorFlow Lite's own kernels take 8.
const MOST_SIDES: usize = 8;

/// A file.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) tensors: Vec<Tensor<'a>>,
    pub(super) nodes: Vec<Node<'a>>,
    /// Positions among the tensors.
    pub(super) inputs: Vec<usize>,
    pub(super) outputs: Vec<usize>,
}

/// What a tensor's integers stand for: scale · (integer − zero).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantized {
    /// One, or one per side of the axis.
    pub(super) scales: Vec<f32>,
    pub(super) zeros: Vec<i64>,
    pub(super) axis: usize,
}

/// A tensor.
#[derive(Debug)]
pub(super) struct Tensor<'a> {
    pub(super) name: String,
    /// Channels last.
    pub(super) dims: Vec<u64>,
    /// One of [`schema::tensor_type`].
    pub(super) data_type: i8,
    /// The elements of a constant.
    pub(super) data: Option<&'a [u8]>,
    pub(super) quantized: Option<Quantized>,
    pub(super) sparsity: Option<Table<'a>>,
    pub(super) is_variable: bool,
    /// Its sides as declared, where others than the batch are left open until the network runs; a batch that is left open is 1, which
    /// the file gives as its size.
    pub(super) open: Option<String>,
}

impl Tensor<'_> {
    pub(super) fn rank(&self) -> usize {
        self.dims.len()
    }
}

/// Number of elements of these sides.
pub(super) fn product(sides: &[u64]) -> u64 {
    sides.iter().fold(1, |product, side| product.saturating_mul(*side))
}

/// An operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Builtin(Builtin),
    /// Not among the schema's: its own name, or its number where this release does not know it.
    Foreign(String),
}

/// A node.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// Operator and position: `CONV_2D_12`.
    pub(super) name: String,
    pub(super) operator: Operator,
    /// Positions among the tensors; nothing where an input is left out.
    pub(super) inputs: Vec<Option<usize>>,
    pub(super) outputs: Vec<usize>,
    options: Option<(u8, Table<'a>)>,
    /// Options of operators that are not the schema's.
    pub(super) custom: &'a [u8],
}

impl<'a> Node<'a> {
    /// A field of its options, which are the table of this number.
    pub(super) fn option<T: Number>(&self, tag: u8, field: Field<T>) -> Result<T, TfliteError> {
        match self.options {
            Some((own, table)) if own == tag => table.get(field),
            Some(_) | None => Ok(field.default),
        }
    }

    pub(super) fn input(&self, place: usize) -> Option<usize> {
        self.inputs.get(place).copied().flatten()
    }

    /// An input that the operator cannot do without.
    pub(super) fn need(&self, place: usize) -> Result<usize, TfliteError> {
        let count = self.inputs.iter().flatten().count();
        self.input(place).ok_or_else(|| self.wrong(&format!("it lacks input {place}: it has {count}")))
    }

    pub(super) fn output(&self) -> Result<usize, TfliteError> {
        self.outputs.first().copied().ok_or_else(|| self.wrong("it gives nothing"))
    }

    pub(super) fn wrong(&self, reason: &str) -> TfliteError {
        TfliteError::Contradiction(format!("node {}: {reason}", self.name))
    }
}

impl<'a> File<'a> {
    /// Reads the first graph of a file; others are parts of operators that this release does not know.
    pub(super) fn read(source: &'a Source<'a>) -> Result<Self, TfliteError> {
        let model = Table::root(source)?;
        let buffers = model.tables(schema::model::BUFFERS)?;
        let codes = model.tables(schema::model::OPERATOR_CODES)?;
        let operators = codes.into_iter().map(operator).collect::<Result<Vec<_>, _>>()?;
        let graphs = model.tables(schema::model::SUBGRAPHS)?;
        let graph = *graphs.first().ok_or_else(|| wrong("it holds no graph".to_owned()))?;
        let tensors = graph.tables(schema::subgraph::TENSORS)?.into_iter().enumerate();
        let tensors = tensors.map(|(index, table)| tensor(index, table, &buffers));
        let tensors = tensors.collect::<Result<Vec<_>, _>>()?;
        let nodes = graph.tables(schema::subgraph::OPERATORS)?.into_iter().enumerate();
        let nodes = nodes.map(|(index, table)| node(index, table, &operators, tensors.len()));
        let ends = |slot| {
            let ends = graph.numbers(slot)?;
            places(&ends, tensors.len(), "the graph")?
                .into_iter()
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| wrong("the graph leaves out an input or output of its own".to_owned()))
        };
        let (inputs, outputs) = (ends(schema::subgraph::INPUTS)?, ends(schema::subgraph::OUTPUTS)?);
        let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
        for input in inputs.iter().map(|input: &usize| &tensors[*input]) {
            if let Some(declared) = input.open.clone() {
                return Err(TfliteError::OpenInput { input: input.name.clone(), declared });
            }
        }
        Ok(Self { nodes, inputs, outputs, tensors })
    }
}

fn wrong(reason: String) -> TfliteError {
    TfliteError::Contradiction(reason)
}

fn operator(code: Table<'_>) -> Result<Operator, TfliteError> {
    let old = i32::from(code.get(schema::operator_code::DEPRECATED_CODE)?);
    let code_number = code.get(schema::operator_code::CODE)?.max(old);
    Ok(match Builtin::of_code(code_number) {
        Some(Builtin::CUSTOM) => {
            let name = code.text(schema::operator_code::CUSTOM_CODE)?.unwrap_or_default();
            Operator::Foreign(if name.is_empty() { "CUSTOM".to_owned() } else { name })
        }
        Some(builtin) => Operator::Builtin(builtin),
        None => Operator::Foreign(format!("OPERATOR_{code_number}")),
    })
}

fn tensor<'a>(index: usize, table: Table<'a>, buffers: &[Table<'a>]) -> Result<Tensor<'a>, TfliteError> {
    use schema::{buffer, tensor};
    let name = table.text(tensor::NAME)?.unwrap_or_default();
    let sides: Vec<i32> = table.numbers(tensor::SHAPE)?;
    let open: Vec<i32> = table.numbers(tensor::SHAPE_SIGNATURE)?;
    let called = || format!("tensor {index} `{name}`");
    if sides.len() > MOST_SIDES {
        return Err(wrong(format!("{} has {} sides, expected {MOST_SIDES} at most", called(), sides.len())));
    }
    let dims: Vec<u64> = sides.iter().map(|&side| u64::try_from(side).unwrap_or(0)).collect();
    let number = table.get(tensor::BUFFER)? as usize;
    let buffer = buffers.get(number).ok_or_else(|| wrong(format!("{} is in buffer {number}", called())))?;
    let outside = buffer.get(buffer::OFFSET)?;
    let data = match outside {
        0 | 1 => buffer.bytes(buffer::DATA)?,
        at => table.source().slice(at, buffer.get(buffer::SIZE)?, "a buffer")?,
    };
    let quantized = table.table(tensor::QUANTIZATION)?.map(|q| quantized(q, &dims, &called)).transpose()?;
    Ok(Tensor {
        data_type: table.get(tensor::TYPE)?,
        data: (number != 0 && !data.is_empty()).then_some(data),
        quantized: quantized.flatten(),
        sparsity: table.table(tensor::SPARSITY)?,
        is_variable: table.get(tensor::IS_VARIABLE)?,
        open: if open.iter().skip(1).chain(&sides).any(|side| *side < 0) {
            Some(declared(if open.is_empty() { &sides } else { &open }))
        } else {
            None
        },
        name,
        dims,
    })
}

fn declared(sides: &[i32]) -> String {
    let side = |side: &i32| if *side < 0 { "?".to_owned() } else { side.to_string() };
    sides.iter().map(side).collect::<Vec<_>>().join("x")
}

fn quantized(
    table: Table<'_>,
    dims: &[u64],
    called: &dyn Fn() -> String,
) -> Result<Option<Quantized>, TfliteError> {
    use schema::quantization;
    let scales: Vec<f32> = table.numbers(quantization::SCALE)?;
    if scales.is_empty() {
        return Ok(None);
    }
    let mut zeros: Vec<i64> = table.numbers(quantization::ZERO_POINT)?;
    if zeros.len() != scales.len() {
        // Weights have none, or one for all.
        zeros = vec![zeros.first().copied().unwrap_or(0); scales.len()];
    }
    let axis = usize::try_from(table.get(quantization::DIMENSION)?).unwrap_or(usize::MAX);
    if scales.len() > 1 && dims.get(axis).is_none_or(|side| *side != scales.len() as u64) {
        let reason = format!("has {} scales along side {axis} of {dims:?}", scales.len());
        return Err(wrong(format!("{} {reason}", called())));
    }
    Ok(Some(Quantized { scales, zeros, axis: if dims.len() > axis { axis } else { 0 } }))
}

fn node<'a>(
    index: usize,
    table: Table<'a>,
    operators: &[Operator],
    tensors: usize,
) -> Result<Node<'a>, TfliteError> {
    use schema::operator;
    let code = table.get(operator::CODE_INDEX)?;
    let operator = operators.get(code as usize).cloned();
    let operator = operator.ok_or_else(|| wrong(format!("node {index} has operator code {code}")))?;
    let called = match &operator {
        Operator::Builtin(builtin) => builtin.name(),
        Operator::Foreign(name) => name,
    };
    let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name = format!("{}_{index}", called.chars().map(clean).collect::<String>());
    table.source().unfold(name.len() as u64)?;
    let inputs = places(&table.numbers(operator::INPUTS)?, tensors, &name)?;
    let outputs = places(&table.numbers(operator::OUTPUTS)?, tensors, &name)?.into_iter().flatten();
    let tag = table.get(operator::OPTIONS_TAG)?;
    Ok(Node {
        outputs: outputs.collect(),
        options: table.table(operator::OPTIONS)?.map(|options| (tag, options)),
        custom: table.bytes(operator::CUSTOM_OPTIONS)?,
        name,
        operator,
        inputs,
    })
}

/// Positions of tensors; nothing for those left out.
fn places(indices: &[i32], tensors: usize, called: &str) -> Result<Vec<Option<usize>>, TfliteError> {
    let place = |index: &i32| match usize::try_from(*index) {
        Ok(place) if place < tensors => Ok(Some(place)),
        Err(_) if *index == LEFT_OUT => Ok(None),
        Ok(_) | Err(_) => Err(wrong(format!("{called} names tensor {index}, of {tensors}"))),
    };
    indices.iter().map(place).collect()
}
