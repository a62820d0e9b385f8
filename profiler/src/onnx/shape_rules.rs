//! Which shapes an ONNX operator gives: by the crate `onnx-runtime-shape-inference`, and in own words where it says
//! nothing, passes over a contradiction, or rounds differently from runtimes.
//!
//! Source: ONNX's Operators.md; ONNX Runtime's ContribOperators.md.

use std::{collections::HashMap, sync::LazyLock};

use onnx_runtime_ir::{Attribute, DataType, Node, NodeId, TensorData, ValueId};
use onnx_runtime_shape_inference::{
    DimExpr, InferenceRegistry, MergePolicy, NodeIo, ShapeData, SymbolInterner, TypeInfo,
};

use super::proto::INT64;
use super::{AttributeValue, ModelNode, Tensor, shape_values::small_values};
use crate::guard::guarded;

static RULES: LazyLock<InferenceRegistry> = LazyLock::new(InferenceRegistry::default_registry);

/// Rules that are asked for the newest operator set.
const NEWEST: i64 = 1000;

/// What a node without graphs inside gives; nothing for outputs that cannot be told. Left-out inputs and those of which
/// nothing is known are nothing.
pub(super) fn operator_outputs(
    node: &ModelNode,
    opset: i64,
    inputs: &[Option<&Tensor>],
) -> Result<Vec<Option<Tensor>>, String> {
    let reads = || {
        let dims =
            inputs.iter().map(|input| input.map_or("?".to_owned(), |tensor| format!("{:?}", tensor.dims)));
        dims.collect::<Vec<_>>().join(", ")
    };
    let with_reads = |reason: String| format!("{reason}; it reads {}", reads());
    contradiction(node, inputs).map_or(Ok(()), Err).map_err(with_reads)?;
    let mut outputs = match own_rule(node, inputs) {
        Some(dims) => {
            let of_first = inputs.first().copied().flatten().map_or(0, |tensor| tensor.data_type);
            let data_type = if node.operator == "NonZero" { INT64 } else { of_first };
            vec![Some(Tensor { dims, data_type, ..Tensor::default() })]
        }
        None => {
            let mut told = ask(node, opset, inputs).map_err(with_reads)?;
            told.truncate(told_right(node));
            told
        }
    };
    let is_window = ["Conv", "Pool"].iter().any(|part| node.operator.contains(part));
    if is_window && outputs.iter().flatten().any(|tensor| tensor.elements() == 0) {
        return Err(with_reads("its window is larger than what it slides over".to_owned()));
    }
    for place in 0..outputs.len() {
        let values = small_values(node, inputs, &outputs, place);
        if let Some(tensor) = &mut outputs[place] {
            tensor.values = values;
        }
    }
    Ok(outputs)
}

/// How many outputs the library tells as ONNX does.
fn told_right(node: &ModelNode) -> usize {
    match node.operator.as_str() {
        "CausalConvWithState" => 1,
        "DFT" if int(node, "onesided") == Some(1) && int(node, "inverse") == Some(1) => 0,
        _ => usize::MAX,
    }
}

/// What the library says.
fn ask(node: &ModelNode, opset: i64, inputs: &[Option<&Tensor>]) -> Result<Vec<Option<Tensor>>, String> {
    let (operator, places) = alike(node);
    let (domain, operator) = operator.rsplit_once('.').unwrap_or(("", operator));
    let given = |place: &usize| node.inputs.get(*place).filter(|name| !name.is_empty());
    let reads = places.iter().map(|place| given(place).map(|_| ValueId(*place as u32))).collect();
    let gives = (0..node.outputs.len()).map(|place| ValueId(place as u32)).collect();
    let mut asked = Node::new(NodeId(0), operator, reads, gives);
    domain.clone_into(&mut asked.domain);
    let attributes = node.attributes.iter();
    asked.attributes =
        attributes.filter_map(|(name, value)| Some((name.clone(), attribute(value)?))).collect();
    asked.version = domain.is_empty().then(|| version(node, opset));
    let slot = |place: &usize| {
        let tensor = inputs.get(*place).copied().flatten();
        tensor.map_or_else(NodeIo::default, |tensor| slot(operator, tensor))
    };
    let slots = places.iter().map(slot).collect();
    let answer = guarded(|| {
        let mut names = SymbolInterner::new(0);
        RULES.infer_node(&asked, &HashMap::new(), slots, MergePolicy::Strict, &mut names)
    });
    let outputs = answer?.map_err(|error| error.to_string())?;
    Ok(outputs.into_iter().map(tensor).collect())
}

/// The operator set that the library is asked for: some of its rules begin later than the operator, and some files keep axes
/// as an attribute after they became an input.
fn version(node: &ModelNode, opset: i64) -> i64 {
    const WITH_AXES: i64 = 11;
    let operator = alike(node).0;
    let own_set = u64::try_from(opset).unwrap_or_default();
    match (RULES.get("", operator, own_set), ints(node, "axes")) {
        (None, _) => NEWEST,
        (Some(_), Some(_)) if operator.ends_with("queeze") => opset.min(WITH_AXES),
        (Some(_), _) => opset,
    }
}

/// A tensor as the library has it. It computes with integers; of floats it reads those that stretch or count.
fn slot(operator: &str, tensor: &Tensor) -> NodeIo {
    let data_type = DataType::from_onnx(tensor.data_type).unwrap_or(DataType::Float32);
    let shape = tensor.dims.iter().map(|&side| DimExpr::constant(side as i64)).collect();
    let values = tensor.values.as_ref().filter(|_| tensor.dims.len() < 2);
    let shape_data = values.and_then(|values| {
        let is_float = data_type.is_float();
        let dims = tensor.dims.iter().map(|&side| side as usize).collect();
        let elems =
            values.iter().filter(|_| !is_float).map(|&value| DimExpr::constant(value as i64)).collect();
        let float_elems = is_float.then(|| values.clone());
        (!is_float || operator == "Range").then_some(ShapeData { dtype: data_type, dims, elems, float_elems })
    });
    NodeIo { type_info: Some(TypeInfo::new(data_type, shape)), shape_data, value_type: None }
}

fn tensor(slot: NodeIo) -> Option<Tensor> {
    let TypeInfo { dtype, shape } = slot.type_info?;
    let side = |side: &DimExpr| u64::try_from(side.as_const()?).ok();
    let dims = shape.iter().map(side).collect::<Option<Vec<u64>>>()?;
    Some(Tensor { dims, data_type: dtype.to_onnx(), ..Tensor::default() })
}

fn attribute(value: &AttributeValue) -> Option<Attribute> {
    Some(match value {
        AttributeValue::Int(value) => Attribute::Int(*value),
        AttributeValue::Float(value) => Attribute::Float(*value),
        AttributeValue::Text(value) => Attribute::String(value.clone().into_bytes()),
        AttributeValue::Ints(values) => Attribute::Ints(values.clone()),
        AttributeValue::Floats(values) => Attribute::Floats(values.clone()),
        // Its number format is what is asked for.
        AttributeValue::Tensor(tensor) => {
            let data_type = DataType::from_onnx(tensor.data_type)?;
            let dims = tensor.dims.iter().map(|&side| side as usize).collect();
            Attribute::Tensor(TensorData::from_raw(data_type, dims, Vec::new()))
        }
        AttributeValue::Graph(_) | AttributeValue::Other => return None,
    })
}

/// An operator that the library knows and that gives the same shapes, and which of the node's inputs it reads.
fn alike(node: &ModelNode) -> (&str, Vec<usize>) {
    let is_channels_last = int(node, "channels_last") == Some(1);
    let (operator, places): (&str, &[usize]) = match node.operator.as_str() {
        "ConvInteger" | "DeformConv" | "com.microsoft.FusedConv" => ("Conv", &[0, 1]),
        "QLinearConv" => ("Conv", &[0, 3]),
        "MatMulInteger" | "com.microsoft.MatMulIntegerToFloat" | "com.microsoft.DynamicQuantizeMatMul" => {
            ("MatMul", &[0, 1])
        }
        "com.microsoft.FusedGemm" => ("Gemm", &[0, 1, 2]),
        "com.microsoft.DynamicQuantizeLSTM" => ("LSTM", &[0]),
        "com.microsoft.QLinearAdd" | "com.microsoft.QLinearMul" => ("Add", &[0, 3]),
        "com.microsoft.QLinearAveragePool" if !is_channels_last => ("AveragePool", &[0]),
        "com.microsoft.QLinearGlobalAveragePool" if !is_channels_last => ("GlobalAveragePool", &[0]),
        "com.microsoft.QLinearConcat" => return ("Concat", (2..node.inputs.len()).step_by(3).collect()),
        // Runtimes take a list of one unit, too.
        "QuantizeLinear"
        | "DequantizeLinear"
        | "com.microsoft.QuantizeLinear"
        | "com.microsoft.DequantizeLinear"
        | "com.microsoft.QLinearLeakyRelu"
        | "com.microsoft.QLinearSigmoid"
        | "com.microsoft.QLinearSoftmax"
        | "BitCast"
        | "CumProd"
        | "RegexFullMatch" => ("Relu", &[0]),
        "StringConcat" => ("Add", &[0, 1]),
        other => return (other, (0..node.inputs.len()).collect()),
    };
    (operator, places.to_vec())
}

/// What the library does not know, or counts in other numbers than runtimes: those multiply scales in 32 bits.
fn own_rule(node: &ModelNode, inputs: &[Option<&Tensor>]) -> Option<Vec<u64>> {
    let tensor = |place: usize| inputs.get(place).copied().flatten();
    let side = |name: &str| u64::try_from(int(node, name).unwrap_or(1)).ok();
    match node.operator.as_str() {
        "Resize" | "Upsample" => {
            let place = if node.operator == "Resize" && node.inputs.len() > 2 { 2 } else { 1 };
            let mut dims = tensor(0)?.dims.clone();
            let scales: Vec<f32> = match node.attributes.get("scales") {
                Some(AttributeValue::Floats(scales)) => scales.clone(),
                _ => tensor(place)?.values.as_ref()?.iter().map(|&scale| scale as f32).collect(),
            };
            let from_start = |&axis: &i64| usize::try_from(axis.rem_euclid(dims.len().max(1) as i64)).ok();
            let axes: Vec<Option<usize>> = match ints(node, "axes") {
                Some(axes) => axes.iter().map(from_start).collect(),
                None => (0..dims.len()).map(Some).collect(),
            };
            // Empty where sizes are given instead.
            if scales.is_empty() || scales.len() != axes.len() {
                return None;
            }
            let is_crop = text(node, "coordinate_transformation_mode") == Some("tf_crop_and_resize");
            for (place, (axis, scale)) in axes.into_iter().zip(&scales).enumerate() {
                let part = if is_crop {
                    let region = tensor(1)?.values.as_ref()?;
                    (region.get(place + scales.len())? - region.get(place)?) as f32
                } else {
                    1.0
                };
                let side = dims.get_mut(axis?)?;
                *side = (*side as f32 * part * scale).floor() as u64;
            }
            Some(dims)
        }
        "RoiAlign" => {
            let (maps, regions) = (&tensor(0)?.dims, &tensor(1)?.dims);
            Some(vec![*regions.first()?, *maps.get(1)?, side("output_height")?, side("output_width")?])
        }
        // Where its elements are known.
        "NonZero" => {
            let input = tensor(0).filter(|input| !input.dims.is_empty())?;
            let count = input.values.as_ref()?.iter().filter(|value| **value != 0.0).count();
            Some(vec![input.dims.len() as u64, count as u64])
        }
        "MaxRoiPool" => {
            let (maps, regions) = (&tensor(0)?.dims, &tensor(1)?.dims);
            let pooled = ints(node, "pooled_shape")?.iter().map(|&side| side as u64);
            Some([*regions.first()?, *maps.get(1)?].into_iter().chain(pooled).collect())
        }
        _ => None,
    }
}

/// What is wrong with a node that the library passes over.
fn contradiction(node: &ModelNode, inputs: &[Option<&Tensor>]) -> Option<String> {
    let (operator, places) = alike(node);
    let dims = |place: usize| Some(inputs.get(*places.get(place)?).copied().flatten()?.dims.as_slice());
    let padding = text(node, "auto_pad").unwrap_or("NOTSET");
    if !["NOTSET", "", "VALID", "SAME_UPPER", "SAME_LOWER"].contains(&padding) {
        return Some(format!("auto_pad `{padding}` is not known"));
    }
    match (operator, dims(0)?, dims(1)?) {
        ("Gemm", &[a, b], &[c, d]) => {
            let inner = if int(node, "transA") == Some(1) { a } else { b };
            let depth = if int(node, "transB") == Some(1) { d } else { c };
            (inner != depth).then(|| format!("{inner} columns times {depth} rows"))
        }
        ("Conv", [_, channels, sides @ ..], [out, per_group, kernel @ ..]) => {
            let groups = int(node, "group").and_then(|groups| u64::try_from(groups).ok()).unwrap_or(1).max(1);
            if sides.len() != kernel.len() || per_group * groups != *channels || out % groups != 0 {
                return Some(format!("filters in {groups} groups do not fit"));
            }
            let at = |name: &str, place: usize, or: i64| {
                ints(node, name).and_then(|list| list.get(place)).copied().unwrap_or(or)
            };
            let is_larger = |(axis, (side, kernel)): (usize, (&u64, &u64))| {
                let pads = at("pads", axis, 0).saturating_add(at("pads", axis + sides.len(), 0));
                let reach = (*kernel as i64 - 1).saturating_mul(at("dilations", axis, 1)).saturating_add(1);
                !padding.starts_with("SAME") && reach > pads.saturating_add(*side as i64)
            };
            let mut pairs = sides.iter().zip(kernel).enumerate();
            pairs.any(is_larger).then(|| "its window is larger than what it slides over".to_owned())
        }
        _ => None,
    }
}

pub(super) fn text<'a>(node: &'a ModelNode, name: &str) -> Option<&'a str> {
    match node.attributes.get(name) {
        Some(AttributeValue::Text(value)) => Some(value),
        _ => None,
    }
}

pub(super) fn int(node: &ModelNode, name: &str) -> Option<i64> {
    match node.attributes.get(name) {
        Some(AttributeValue::Int(value)) => Some(*value),
        _ => None,
    }
}

pub(super) fn ints<'a>(node: &'a ModelNode, name: &str) -> Option<&'a [i64]> {
    match node.attributes.get(name) {
        Some(AttributeValue::Ints(values)) => Some(values),
        _ => None,
    }
}
