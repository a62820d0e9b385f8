//! Two values, or a value and a constant, element by element.

use super::{Sketch, Sketched};

/// What a value is combined with.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a> {
    /// A number.
    Number(f32),
    /// A number that stands first, as in 1 − x.
    First(f32),
    /// Random constants about 1, one for each channel of a map, or each of the last side's places.
    PerChannel,
    /// Random constants about 1, one for each element.
    Constants,
    /// Another value; sides of 1 stretch.
    Value(&'a Sketched),
}

impl Sketch {
    /// A value and something else by an operator of two: `Add`, `Sub`, `Mul`, `Div`, `Max`, `Min`, `Pow`, `Greater`.
    pub fn combine(&mut self, operator: &str, x: &Sketched, with: Operand<'_>) -> Sketched {
        let mut dims = x.dims.clone();
        let second = match with {
            Operand::Number(number) | Operand::First(number) => self.number(number),
            Operand::PerChannel => {
                let dims = x.per_channel();
                self.random(&dims, 0.8, 1.2)
            }
            Operand::Constants => self.random(&x.dims, 0.8, 1.2),
            Operand::Value(other) => {
                for (side, other) in dims.iter_mut().zip(&other.dims) {
                    *side = (*side).max(*other);
                }
                other.name.clone()
            }
        };
        let inputs = match with {
            Operand::First(_) => [second.as_str(), x.name.as_str()],
            Operand::Number(_) | Operand::PerChannel | Operand::Constants | Operand::Value(_) => {
                [x.name.as_str(), second.as_str()]
            }
        };
        self.node(operator, &inputs, dims, vec![])
    }

    /// The sum of two values.
    pub fn add(&mut self, left: &Sketched, right: &Sketched) -> Sketched {
        self.combine("Add", left, Operand::Value(right))
    }

    /// The product of two values.
    pub fn mul(&mut self, left: &Sketched, right: &Sketched) -> Sketched {
        self.combine("Mul", left, Operand::Value(right))
    }

    /// A constant number times a value.
    pub fn times(&mut self, x: &Sketched, factor: f32) -> Sketched {
        self.combine("Mul", x, Operand::Number(factor))
    }

    /// A trained factor for each of the last side's places, or of a map's channels.
    pub fn scale(&mut self, x: &Sketched) -> Sketched {
        self.combine("Mul", x, Operand::PerChannel)
    }

    /// An operator of one value without attributes, such as `Sqrt`.
    pub fn apply(&mut self, operator: &str, x: &Sketched) -> Sketched {
        self.node(operator, &[&x.name], x.dims.clone(), vec![])
    }
}

impl Sketched {
    /// The sides of constants of which there is one for each channel of a map, or each of the last side's places.
    pub(super) fn per_channel(&self) -> Vec<u64> {
        match self.dims[..] {
            [_, channels, _, _] => vec![channels, 1, 1],
            [.., last] => vec![last],
            [] => vec![],
        }
    }
}
