//! Which op a node of ONNX Runtime is, by its type and shapes.

use serde_json::Value;

use super::{Subject, op_key};

/// A node as its profile has it.
#[derive(Debug)]
pub(super) struct Node {
    kind: String,
    /// What a convolution in blocks of channels (`…_nchwc`) was called before.
    blocked: Option<String>,
    inputs: Vec<Vec<u64>>,
    output: Vec<u64>,
}

const FUSED: &str = "a fused convolution does not say its activation, taken for ReLU";
const CLIP: &str = "Clip does not say its ends, taken for ReLU6";
const BLOCKED: &str = "a convolution in blocks of channels (…_nchwc) does not say its activation, taken for that of its name or \
                       none, nor padding and dilation";
const PADDING: &str = "padding and dilation are not said, taken for same padding and none";

impl Node {
    /// Reads the arguments of an event of a node of that name.
    pub(super) fn read(name: &str, args: &Value) -> Result<Self, String> {
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
        // Some names are numbered at each load: `…_nchwc_token_7`.
        let lasting = name.split_once("_token_").map_or(name, |(name, _)| name);
        let blocked = lasting.strip_suffix("_nchwc").map(str::to_owned);
        Ok(Self { kind, blocked, inputs, output })
    }

    /// The op, and what had to be assumed.
    pub(super) fn op(&self) -> Result<(Subject, Option<&'static str>), String> {
        let input = |place: usize| self.inputs.get(place).map_or(&[][..], Vec::as_slice);
        let (first, second) = (input(0), input(1));
        let (key, note) = match (self.kind.as_str(), first, second) {
            ("Conv", ..) => match &self.blocked {
                Some(name) => (self.conv(second, fused_activation(name))?, Some(BLOCKED)),
                None => (self.conv(second, "")?, Some(PADDING)),
            },
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
        let kind = &self.kind;
        let input = self.inputs.first().map_or(&[][..], Vec::as_slice);
        // They are left out of the list, or nothing is said of them.
        if input.len() == 4 && weights.len() != 4 {
            return Err(format!(
                "a {kind} whose weights are packed away, so that its kernel is not told (int8 ones on x86 run so, channels \
                 last); map its name to an op's key, or profile with session.disable_prepacking set to 1"
            ));
        }
        let &[out, of_group, kernel, kernel_width] = weights else { return Err(self.not_two_dimensional()) };
        let (map, output) = self.maps(input, out, of_group)?;
        // Behind a float convolution's weights there are biases only.
        if kind != "QLinearConv" && self.inputs.iter().skip(2).any(|more| more.len() == 4) {
            return Err(format!(
                "a {kind} that adds another map, which no op key does; map its name to an op's key"
            ));
        }
        if kernel != kernel_width {
            return Err(format!("a {kind} with a kernel of {kernel}x{kernel_width}, which no op key has"));
        }
        let [down, right] = [0, 1].map(|side| map[side].div_ceil(output[side]));
        if down != right {
            return Err(format!("a {kind} with strides of {down}x{right}, which no op key has"));
        }
        if [0, 1].iter().any(|side| map[*side].div_ceil(down) != output[*side]) {
            let ([h, w, _], [oh, ow, _]) = (map, output);
            return Err(format!("a {kind} from {h}x{w} to {oh}x{ow}, no stride with same padding"));
        }
        let [h, w, channels] = map;
        let groups = channels / of_group;
        let groups = if groups > 1 { format!("-g{groups}") } else { String::new() };
        Ok(format!("conv-{h}x{w}x{channels}-o{out}-k{kernel}-s{down}{groups}{ending}"))
    }

    /// Height, width and channels of what a convolution with such weights reads and gives: channels first, or last.
    fn maps(&self, input: &[u64], out: u64, of_group: u64) -> Result<([u64; 3], [u64; 3]), String> {
        let (&[1, a, b, c], &[1, d, e, f]) = (input, &self.output[..]) else {
            return Err(self.not_two_dimensional());
        };
        let orders = [([b, c, a], [e, f, d]), ([a, b, c], [d, e, f])];
        let fits = |(map, output): &([u64; 3], [u64; 3])| {
            output[2] == out
                && of_group > 0
                && map[2] % of_group == 0
                && !map.contains(&0)
                && !output.contains(&0)
        };
        let wrong = || format!("a {} with weights of {out} by {of_group} channels on {input:?}", self.kind);
        orders.into_iter().find(fits).ok_or_else(wrong)
    }

    fn not_two_dimensional(&self) -> String {
        format!("a {} of shapes {:?} to {:?}, expected 2-D, batch 1", self.kind, self.inputs, self.output)
    }
}

/// The activation that a fused convolution is called by, as it bears the name of what it gives: `/block/Relu_output_0`.
fn fused_activation(name: &str) -> &'static str {
    let last = name.rsplit('/').next().unwrap_or(name);
    let word = last.split(['_', ':', '.']).next().unwrap_or(last);
    let fused = op_key::activation(word).unwrap_or_default();
    if ["-relu", "-relu6", "-sigmoid", "-hsigmoid"].contains(&fused) { fused } else { "" }
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
        named("node", kind, inputs, output)
    }

    fn named(name: &str, kind: &str, inputs: &[&[u64]], output: &[u64]) -> Result<String, String> {
        let typed = |shape: &&[u64]| json!({"float": shape});
        let inputs: Vec<Value> = inputs.iter().map(typed).collect();
        let args =
            json!({"op_name": kind, "input_type_shape": inputs, "output_type_shape": [typed(&output)]});
        Node::read(name, &args)?.op().map(|(subject, _)| subject.key())
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

    #[test]
    fn what_no_key_says_is_no_row() {
        let (map, wide): (&[u64], &[u64]) = (&[1, 8, 14, 14], &[1, 8, 48, 320]);
        let refused = |kind: &str, inputs: &[&[u64]], output: &[u64], reason: &str| {
            let error = key(kind, inputs, output).unwrap_err();
            assert!(error.contains(reason), "{error}");
        };
        // A stride in one direction only, as in networks that read text, with and without groups.
        refused("Conv", &[wide, &[16, 8, 3, 3]], &[1, 16, 24, 320], "strides of 2x1");
        refused("FusedConv", &[wide, &[8, 1, 3, 3]], &[1, 8, 48, 160], "strides of 1x2");
        let found = key("Conv", &[wide, &[16, 8, 3, 3]], &[1, 16, 24, 160]);
        assert_eq!(found.as_deref(), Ok("conv-48x320x8-o16-k3-s2"));
        refused("Conv", &[wide, &[16, 8, 3, 1]], &[1, 16, 48, 320], "kernel of 3x1");
        // A residual connection within, with and without biases.
        refused("FusedConv", &[map, &[8, 8, 3, 3], &[8], map], map, "adds another map");
        refused("FusedConv", &[map, &[8, 8, 3, 3], map], map, "adds another map");
        let error = named("b_nchwc", "Conv", &[map, &[8, 8, 3, 3], &[8], map], map).unwrap_err();
        assert!(error.contains("adds another map"), "{error}");
        assert!(key("Conv", &[map, &[8, 8, 3, 3], &[8]], map).is_ok());
    }

    #[test]
    fn channels_may_come_last_and_weights_be_packed_away() {
        let (map, out): (&[u64], &[u64]) = (&[1, 14, 14, 96], &[1, 7, 7, 576]);
        for inputs in [&[map, &[], &[], &[], &[576]][..], &[map, &[], &[], &[576], &[576], &[], &[], &[576]]]
        {
            let error = key("QLinearConv", inputs, out).unwrap_err();
            assert!(error.contains("packed away") && error.contains("session.disable_prepacking"), "{error}");
        }
        let found = key("QLinearConv", &[map, &[], &[], &[576, 96, 1, 1]], out);
        assert_eq!(found.as_deref(), Ok("conv-14x14x96-o576-k1-s2-int8"));
    }

    #[test]
    fn convolutions_in_blocks_have_the_activation_of_their_name() {
        let map: &[u64] = &[1, 8, 14, 14];
        for (name, ending) in [
            ("/a/Relu_output_0_nchwc", "-relu"),
            ("/a/Clip_output_0_nchwc_token_17", "-relu6"),
            ("net/Relu6:0_nchwc", "-relu6"),
            ("/a/Conv_output_0_nchwc", ""),
            // It is fused into no convolution: this is the name of something else.
            ("/a/HardSwish_output_0_nchwc", ""),
        ] {
            let found = named(name, "Conv", &[map, &[8, 8, 3, 3]], map);
            assert_eq!(found, Ok(format!("conv-14x14x8-o8-k3-s1{ending}")), "{name}");
        }
    }
}
