//! Which op a node of ONNX Runtime is, by its type and shapes.

use serde_json::Value;

use super::{Subject, op_key};

/// A node as its profile has it.
#[derive(Debug)]
pub(super) struct Node {
    kind: String,
    inputs: Vec<Vec<u64>>,
    output: Vec<u64>,
}

const FUSED: &str = "a fused convolution does not say its activation, taken for ReLU";
const CLIP: &str = "Clip does not say its ends, taken for ReLU6";
const PADDING: &str = "padding and dilation are not said, taken for same padding and none";

impl Node {
    /// Reads the arguments of an event.
    pub(super) fn read(args: &Value) -> Result<Self, String> {
        let kind = args.get("op_name").and_then(Value::as_str).ok_or("a node without `op_name`")?.to_owned();
        let shapes = |name: &str| {
            let list = args.get(name).and_then(Value::as_array);
            list.map(|list| list.iter().map(shape).collect::<Option<Vec<_>>>())
        };
        let (Some(Some(inputs)), Some(Some(outputs))) =
            (shapes("input_type_shape"), shapes("output_type_shape"))
        else {
            return Err(format!("a {kind} without shapes; map its name to an op's key"));
        };
        let output = outputs.into_iter().next().ok_or_else(|| format!("a {kind} without output"))?;
        Ok(Self { kind, inputs, output })
    }

    /// The op, and what had to be assumed.
    pub(super) fn op(&self) -> Result<(Subject, Option<&'static str>), String> {
        let input = |place: usize| self.inputs.get(place).map_or(&[][..], Vec::as_slice);
        let (first, second) = (input(0), input(1));
        let (key, note) = match (self.kind.as_str(), first, second) {
            ("Conv", ..) => (self.conv(second, "")?, Some(PADDING)),
            ("FusedConv", ..) => (self.conv(second, "-relu")?, Some(FUSED)),
            ("QLinearConv", ..) => (self.conv(input(3), "-int8")?, Some(PADDING)),
            ("Gemm" | "MatMul" | "FusedGemm" | "FusedMatMul", &[1, inside], _) if self.output.len() == 2 => {
                (format!("linear-1x1x{inside}-o{}", self.output[1]), None)
            }
            ("GlobalAveragePool", ..) => (format!("gpool-{}", map(first)?), None),
            ("ReduceMean", &[1, channels, ..], _)
                if first.len() == 4 && self.output.iter().product::<u64>() == channels =>
            {
                (format!("gpool-{}", map(first)?), None)
            }
            ("Add", a, b) if a == b => (format!("add-{}", map(a)?), None),
            ("Mul", a, b) if a == b => (format!("mul-{}", map(a)?), None),
            ("Mul", &[1, channels, ..], &[1, of_gate, 1, 1]) if first.len() == 4 && channels == of_gate => {
                (format!("mul-{}-gate", map(first)?), None)
            }
            ("Relu" | "HardSwish" | "Sigmoid" | "HardSigmoid", ..) => {
                (format!("act-{}{}", map(first)?, op_key::activation(&self.kind)?), None)
            }
            ("Clip", ..) => (format!("act-{}-relu6", map(first)?), Some(CLIP)),
            ("Concat", &[1, _, h, w], &[1, more, h2, w2]) if self.inputs.len() == 2 && (h, w) == (h2, w2) => {
                (format!("concat-{}-c{more}", map(first)?), None)
            }
            ("Softmax", &[1, classes], _) => (format!("softmax-1x1x{classes}"), None),
            (kind, ..) => {
                return Err(format!(
                    "a {kind}, whose shapes do not determine an op; map its name to an op's key"
                ));
            }
        };
        op_key::op(&key).map(|subject| (subject, note))
    }

    /// A convolution with these weights, `[out, in / groups, k, k]`.
    fn conv(&self, weights: &[u64], ending: &str) -> Result<String, String> {
        let input = self.inputs.first().map_or(&[][..], Vec::as_slice);
        let (&[1, channels, height, _], &[out, of_group, kernel, kernel_width], &[1, _, out_height, _]) =
            (input, weights, &self.output[..])
        else {
            let Self { kind, inputs, output } = self;
            return Err(format!("a {kind} of shapes {inputs:?} to {output:?}, expected 2-D, batch 1"));
        };
        if kernel != kernel_width || of_group == 0 || out_height == 0 || channels % of_group != 0 {
            return Err(format!("a {} with weights {weights:?} on {channels} channels", self.kind));
        }
        let (stride, groups) = (height.div_ceil(out_height), channels / of_group);
        if stride == 0 || height.div_ceil(stride) != out_height {
            let kind = &self.kind;
            return Err(format!("a {kind} from {height} to {out_height} rows, no stride with same padding"));
        }
        let groups = if groups > 1 { format!("-g{groups}") } else { String::new() };
        Ok(format!("conv-{}-o{out}-k{kernel}-s{stride}{groups}{ending}", map(input)?))
    }
}

/// `[1, c, h, w]` as `HxWxC`.
fn map(shape: &[u64]) -> Result<String, String> {
    match *shape {
        [1, c, h, w] => Ok(format!("{h}x{w}x{c}")),
        [1, c] => Ok(format!("1x1x{c}")),
        _ => Err(format!("an input of shape {shape:?}, expected [1, c, h, w]")),
    }
}

/// `{"float": [1, 3, 8, 8]}`.
fn shape(value: &Value) -> Option<Vec<u64>> {
    let (_, sizes) = value.as_object()?.iter().next()?;
    sizes.as_array()?.iter().map(Value::as_u64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(kind: &str, inputs: &[&[u64]], output: &[u64]) -> Result<String, String> {
        let typed = |shape: &&[u64]| json!({"float": shape});
        let inputs: Vec<Value> = inputs.iter().map(typed).collect();
        let args =
            json!({"op_name": kind, "input_type_shape": inputs, "output_type_shape": [typed(&output)]});
        Node::read(&args)?.op().map(|(subject, _)| subject.key())
    }

    #[test]
    fn shapes_determine_ops() {
        let ok = |text: &str| Ok(text.to_owned());
        let (map, out): (&[u64], &[u64]) = (&[1, 8, 14, 14], &[1, 16, 7, 7]);
        assert_eq!(key("FusedConv", &[map, &[16, 8, 5, 5]], out), ok("conv-14x14x8-o16-k5-s2-relu"));
        assert_eq!(key("Conv", &[map, &[8, 1, 3, 3]], map), ok("conv-14x14x8-o8-k3-s1-g8"));
        let quantized = key("QLinearConv", &[map, &[], &[], &[16, 8, 1, 1]], &[1, 16, 14, 14]);
        assert_eq!(quantized, ok("conv-14x14x8-o16-k1-s1-int8"));
        assert_eq!(key("Gemm", &[&[1, 64], &[10, 64]], &[1, 10]), ok("linear-1x1x64-o10"));
        assert_eq!(key("ReduceMean", &[map], &[1, 8, 1, 1]), ok("gpool-14x14x8"));
        assert_eq!(key("Mul", &[map, &[1, 8, 1, 1]], map), ok("mul-14x14x8-gate"));
        assert_eq!(key("Concat", &[map, map], &[1, 16, 14, 14]), ok("concat-14x14x8-c8"));
        assert_eq!(key("HardSwish", &[map], map), ok("act-14x14x8-hswish"));
        // No stride takes 14 rows to 6 with same padding: 14 / 3 is 5.
        assert!(key("Conv", &[map, &[8, 8, 3, 3]], &[1, 8, 6, 6]).is_err());
        assert!(key("Conv", &[&[2, 8, 14, 14], &[8, 8, 3, 3]], map).is_err());
        assert!(key("MaxPool", &[map], out).unwrap_err().contains("map its name"));
        assert!(key("Conv", &[], &[]).is_err());
    }
}
