//! What a traced op computes, as text: a layer with its shapes, or an amount of work that no layer describes.

use std::{fmt, str::FromStr, str::Split};

use super::{Activation, Conv, FeatureMap, Interpolation, Layer, PlacedLayer, Pool};

/// Largest kernel, stride and number of maps: multiply-accumulates of any layer then stay below 2^60.
const LARGEST: u32 = 256;
/// Most elements and multiply-accumulates of work in words.
const MOST: u64 = 1 << 60;

/// What a traced op computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TracedLayer {
    /// A layer.
    Placed(PlacedLayer),
    /// What is no layer of ours, by its amounts.
    Other(OtherWork),
}

/// Work that no layer describes, by its amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OtherWork {
    /// The shape of the first thing that it reads; a shape that is absurdly large is cut down.
    pub input: FeatureMap,
    /// The shape of the first thing that it gives.
    pub output: FeatureMap,
    /// Elements that it reads, constants left out.
    pub read: u64,
    /// Elements that it gives.
    pub written: u64,
    /// Elements of constants that it reads.
    pub constants: u64,
    /// Multiply-accumulates.
    pub macs: u64,
}

impl OtherWork {
    /// The same with amounts and shapes that keys can say.
    pub fn within_bounds(self) -> Self {
        let [read, written, constants, macs] =
            [self.read, self.written, self.constants, self.macs].map(|amount| amount.min(MOST));
        Self { input: cut_down(self.input), output: cut_down(self.output), read, written, constants, macs }
    }
}

/// A map with sides that keys can say.
fn cut_down(map: FeatureMap) -> FeatureMap {
    let [mut height, mut width, mut channels] =
        [map.height, map.width, map.channels].map(|side| side.clamp(1, FeatureMap::MAX_SIDE));
    loop {
        let largest = height.max(width).max(channels);
        match FeatureMap::new(height, width, channels) {
            Ok(map) => return map,
            Err(_) if height == largest => height = height.div_ceil(2),
            Err(_) if width == largest => width = width.div_ceil(2),
            Err(_) => channels = channels.div_ceil(2),
        }
    }
}

impl TracedLayer {
    /// The shape of its first input.
    pub fn input(&self) -> FeatureMap {
        match self {
            Self::Placed(placed) => placed.input,
            Self::Other(work) => work.input,
        }
    }

    /// The shape it gives.
    pub fn output(&self) -> FeatureMap {
        match self {
            Self::Placed(placed) => placed.output,
            Self::Other(work) => work.output,
        }
    }
}

impl fmt::Display for TracedLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PlacedLayer { layer, input, output } = match self {
            Self::Placed(placed) => *placed,
            Self::Other(OtherWork { input, output, read, written, constants, macs }) => {
                return write!(f, "other-{input}-{output}-r{read}-w{written}-c{constants}-m{macs}");
            }
        };
        match layer {
            Layer::Conv(Conv { kernel, stride, groups, dilation, .. }) => {
                write!(f, "conv-{input}-{output}-k{}-s{}-g{groups}", sides(kernel), sides(stride))?;
                if dilation == [1, 1] { Ok(()) } else { write!(f, "-d{}", sides(dilation)) }
            }
            Layer::Linear { .. } => write!(f, "linear-{input}-{output}"),
            Layer::GlobalAveragePool => write!(f, "gpool-{input}"),
            Layer::MaxPool(pool) | Layer::AveragePool(pool) => {
                let name = if matches!(layer, Layer::MaxPool(_)) { "maxpool" } else { "avgpool" };
                write!(f, "{name}-{input}-{output}-k{}", sides(pool.kernel))?;
                let told = Pool::between(1, input, output).stride;
                if pool.stride == told { Ok(()) } else { write!(f, "-s{}", sides(pool.stride)) }
            }
            Layer::Concat { parts, .. } => write!(f, "concat-{input}-{output}-n{parts}"),
            Layer::Activation(activation) => write!(f, "act-{input}-{activation}"),
            Layer::Add => write!(f, "add-{input}"),
            Layer::Mul => write!(f, "mul-{input}"),
            Layer::Scale => write!(f, "scale-{input}"),
            Layer::Softmax => write!(f, "softmax-{input}"),
            Layer::Upsample { factor, interpolation } => {
                let how = match interpolation {
                    Interpolation::Nearest => "nearest",
                    Interpolation::Bilinear => "bilinear",
                };
                write!(f, "upsample-{input}-f{factor}-{how}")
            }
            Layer::Input(_) => layer.fmt(f),
        }
    }
}

/// One number where both are the same.
fn sides([down, right]: [u32; 2]) -> String {
    if down == right { down.to_string() } else { format!("{down}x{right}") }
}

/// The words of a key that are left.
struct Words<'a>(Split<'a, char>);

impl Words<'_> {
    fn map(&mut self) -> Result<FeatureMap, String> {
        let word = self.0.next().ok_or("a feature map is missing")?;
        word.parse::<FeatureMap>().map_err(|e| e.to_string())
    }

    fn amount(&mut self, letter: char, what: &str, low: u64, most: u64) -> Result<u64, String> {
        let word = self.0.next().unwrap_or_default();
        match word.strip_prefix(letter).and_then(|digits| digits.parse::<u64>().ok()) {
            None => Err(format!("expected `{letter}` and a number, found `{word}`")),
            Some(value) if (low..=most).contains(&value) => Ok(value),
            Some(value) => Err(format!("{what} is {value}, expected {low} to {most}")),
        }
    }

    fn number(&mut self, letter: char, what: &str, most: u32) -> Result<u32, String> {
        Ok(self.amount(letter, what, 1, most.into())? as u32)
    }

    /// One number, or two with `x` between them.
    fn pair(&mut self, letter: char, what: &str) -> Result<[u32; 2], String> {
        let word = self.0.next().unwrap_or_default();
        let digits = word.strip_prefix(letter);
        let (down, right) = digits.and_then(|d| d.split_once('x')).unzip();
        let both = [down.or(digits), right.or(digits)].map(|side| side.and_then(|side| side.parse().ok()));
        let [Some(down), Some(right)]: [Option<u32>; 2] = both else {
            return Err(format!("expected `{letter}` and a number, found `{word}`"));
        };
        match [down, right].into_iter().find(|side| !(1..=LARGEST).contains(side)) {
            Some(side) => Err(format!("{what} is {side}, expected 1 to {LARGEST}")),
            None => Ok([down, right]),
        }
    }

    /// The same, if there is another word.
    fn last_pair(&mut self, letter: char, what: &str) -> Result<Option<[u32; 2]>, String> {
        if self.0.clone().next().is_none() { Ok(None) } else { self.pair(letter, what).map(Some) }
    }
}

impl FromStr for TracedLayer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = Words(text.split('-'));
        let kind = words.0.next().unwrap_or_default();
        let placed = |layer, input, output| Self::Placed(PlacedLayer { layer, input, output });
        let read = match kind {
            "conv" => {
                let (input, output) = (words.map()?, words.map()?);
                let (kernel, stride) = (words.pair('k', "kernel")?, words.pair('s', "stride")?);
                // As many as channels, where a layer is depthwise.
                let groups = words.number('g', "groups", FeatureMap::MAX_SIDE)?;
                if input.channels % groups != 0 {
                    return Err(format!("{groups} groups do not divide {} channels", input.channels));
                }
                let dilation = words.last_pair('d', "dilation")?.unwrap_or([1, 1]);
                let out_channels = output.channels;
                placed(Layer::Conv(Conv { out_channels, kernel, stride, groups, dilation }), input, output)
            }
            "linear" => {
                let (input, output) = (words.map()?, words.map()?);
                placed(Layer::Linear { out_features: output.channels }, input, output)
            }
            "gpool" => {
                let input = words.map()?;
                placed(Layer::GlobalAveragePool, input, FeatureMap { height: 1, width: 1, ..input })
            }
            "maxpool" | "avgpool" => {
                let (input, output) = (words.map()?, words.map()?);
                let kernel = words.pair('k', "kernel")?;
                let told = Pool::between(1, input, output);
                let stride = words.last_pair('s', "stride")?.unwrap_or(told.stride);
                let pool = Pool { kernel, stride, ..told };
                let layer = if kind == "maxpool" { Layer::MaxPool(pool) } else { Layer::AveragePool(pool) };
                placed(layer, input, output)
            }
            "concat" => {
                let (input, output) = (words.map()?, words.map()?);
                let parts = words.number('n', "maps", LARGEST)?;
                let more_channels = output.channels.saturating_sub(input.channels);
                placed(Layer::Concat { parts, more_channels }, input, output)
            }
            "act" => {
                let (map, name) = (words.map()?, words.0.next().unwrap_or_default());
                placed(Layer::Activation(name.parse::<Activation>()?), map, map)
            }
            "upsample" => {
                let (input, factor) = (words.map()?, words.number('f', "factor", LARGEST)?);
                let interpolation = match words.0.next().unwrap_or_default() {
                    "nearest" => Interpolation::Nearest,
                    "bilinear" => Interpolation::Bilinear,
                    other => return Err(format!("`{other}` is neither nearest nor bilinear")),
                };
                let FeatureMap { height, width, channels } = input;
                let output =
                    FeatureMap::new(height * factor, width * factor, channels).map_err(|e| e.to_string())?;
                placed(Layer::Upsample { factor, interpolation }, input, output)
            }
            "other" => {
                let (input, output) = (words.map()?, words.map()?);
                let mut amount = |letter, what| words.amount(letter, what, 0, MOST);
                let (read, written) = (amount('r', "what it reads")?, amount('w', "what it gives")?);
                let (constants, macs) = (amount('c', "constants")?, amount('m', "multiply-accumulates")?);
                Self::Other(OtherWork { input, output, read, written, constants, macs })
            }
            _ => {
                let layer = match kind {
                    "add" => Layer::Add,
                    "mul" => Layer::Mul,
                    "scale" => Layer::Scale,
                    "softmax" => Layer::Softmax,
                    _ => {
                        return Err(format!(
                            "unknown layer `{kind}`, expected conv, linear, gpool, maxpool, avgpool, concat, act, add, mul, \
                             scale, softmax, upsample or other"
                        ));
                    }
                };
                let map = words.map()?;
                placed(layer, map, map)
            }
        };
        match words.0.next() {
            None => Ok(read),
            Some(word) => Err(format!("`{word}` is one word too many")),
        }
    }
}
