//! What moves values or gives them another shape.

use std::ops::Range;

use super::super::proto::INT64;
use super::{Sketch, Sketched, int, ints, text};
use crate::spec::Interpolation;

impl Sketch {
    /// Channels of maps behind each other.
    pub fn concat(&mut self, parts: &[&Sketched]) -> Sketched {
        self.join(parts, 1)
    }

    /// Values behind each other along a side.
    pub fn join(&mut self, parts: &[&Sketched], axis: usize) -> Sketched {
        let mut dims = parts.first().map_or(Vec::new(), |part| part.dims.clone());
        if let Some(side) = dims.get_mut(axis) {
            *side = parts.iter().map(|part| u64::from(part.side(axis))).sum();
        }
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        self.node("Concat", &names, dims, vec![int("axis", axis as i64)])
    }

    /// The first `first` channels, and the rest.
    pub fn split(&mut self, x: &Sketched, first: u32) -> [Sketched; 2] {
        let second = x.channels().saturating_sub(first);
        let dims = [first, second].map(|channels| {
            let mut dims = x.dims.clone();
            dims[1] = channels.into();
            dims
        });
        let lengths = self.longs(&[first.into(), second.into()]);
        let mut parts = self.nodes("Split", &[&x.name, &lengths], dims.to_vec(), vec![int("axis", 1)]);
        let last = parts.swap_remove(1);
        [parts.swap_remove(0), last]
    }

    /// A part of a side: all of it but what is before and behind the range.
    pub fn slice(&mut self, x: &Sketched, axis: usize, range: Range<u32>) -> Sketched {
        let mut dims = x.dims.clone();
        dims[axis] = range.len() as u64;
        let [from, to] = [range.start, range.end].map(|place| self.longs(&[place.into()]));
        let axis = self.longs(&[axis as i64]);
        self.node("Slice", &[&x.name, &from, &to, &axis], dims, vec![])
    }

    /// Every second place of a side, from the given one on.
    pub fn every_second(&mut self, x: &Sketched, axis: usize, first: u32) -> Sketched {
        let mut dims = x.dims.clone();
        dims[axis] = u64::from(x.side(axis).saturating_sub(first)).div_ceil(2);
        let [from, to, axis, step] =
            [first.into(), i64::MAX, axis as i64, 2].map(|place| self.longs(&[place]));
        self.node("Slice", &[&x.name, &from, &to, &axis, &step], dims, vec![])
    }

    /// One place of a side, which is gone then.
    pub fn gather(&mut self, x: &Sketched, axis: usize, place: u32) -> Sketched {
        let mut dims = x.dims.clone();
        dims.remove(axis);
        let index = self.next_constant();
        if self.rng.is_some() {
            let bytes = i64::from(place).to_le_bytes().to_vec();
            self.parts.initializer(&index, &[], INT64, bytes);
        }
        self.node("Gather", &[&x.name, &index], dims, vec![int("axis", axis as i64)])
    }

    /// A value as often as its sides of 1 need.
    pub fn expand(&mut self, x: &Sketched, dims: &[u64]) -> Sketched {
        let sides: Vec<i64> = dims.iter().map(|&side| side as i64).collect();
        let shape = self.longs(&sides);
        self.node("Expand", &[&x.name, &shape], dims.to_vec(), vec![])
    }

    /// One number of each row along a side, which is 1 then: by `ReduceMean`, `ReduceMax`, `ReduceSum`, `ReduceL2`.
    pub fn reduce(&mut self, operator: &str, x: &Sketched, axis: usize) -> Sketched {
        let mut dims = x.dims.clone();
        dims[axis] = 1;
        // The first whose sides became an input.
        if operator == "ReduceSum" {
            let axes = self.longs(&[axis as i64]);
            return self.node(operator, &[&x.name, &axes], dims, vec![int("keepdims", 1)]);
        }
        self.node(operator, &[&x.name], dims, vec![ints("axes", &[axis as i64]), int("keepdims", 1)])
    }

    /// The same elements with other sides.
    pub fn reshape(&mut self, x: &Sketched, dims: &[u64]) -> Sketched {
        let sides: Vec<i64> = dims.iter().map(|&side| side as i64).collect();
        let shape = self.longs(&sides);
        self.node("Reshape", &[&x.name, &shape], dims.to_vec(), vec![])
    }

    /// Sides in another order.
    pub fn transpose(&mut self, x: &Sketched, order: &[usize]) -> Sketched {
        let dims = order.iter().map(|&axis| x.dims[axis]).collect();
        let order: Vec<i64> = order.iter().map(|&axis| axis as i64).collect();
        self.node("Transpose", &[&x.name], dims, vec![ints("perm", &order)])
    }

    /// `[1, c, 1, 1]` → `[1, c]`.
    pub fn flatten(&mut self, x: &Sketched) -> Sketched {
        let dims = vec![1, x.elements()];
        self.node("Flatten", &[&x.name], dims, vec![int("axis", 1)])
    }

    /// The mean over some sides, which are gone then.
    pub fn mean(&mut self, x: &Sketched, axes: &[usize]) -> Sketched {
        let kept = |(axis, _): &(usize, &u64)| !axes.contains(axis);
        let dims = x.dims.iter().enumerate().filter(kept).map(|(_, &side)| side).collect();
        let axes: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
        self.node("ReduceMean", &[&x.name], dims, vec![ints("axes", &axes), int("keepdims", 0)])
    }

    /// Twice as many positions in both directions.
    pub fn upsample(&mut self, x: &Sketched, interpolation: Interpolation) -> Sketched {
        let mut dims = x.dims.clone();
        dims[2..].iter_mut().for_each(|side| *side *= 2);
        let scales = self.floats(&[1.0, 1.0, 2.0, 2.0]);
        let attributes = match interpolation {
            Interpolation::Nearest => vec![
                text("mode", "nearest"),
                text("coordinate_transformation_mode", "asymmetric"),
                text("nearest_mode", "floor"),
            ],
            Interpolation::Bilinear => {
                vec![text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")]
            }
        };
        self.node("Resize", &[&x.name, "", &scales], dims, attributes)
    }

    /// As many zeros behind each side.
    pub fn pad(&mut self, x: &Sketched, behind: &[u32]) -> Sketched {
        let dims = x.dims.iter().zip(behind).map(|(&side, &more)| side + u64::from(more)).collect();
        let before = behind.iter().map(|_| 0);
        let pads: Vec<i64> = before.chain(behind.iter().copied().map(i64::from)).collect();
        let pads = self.longs(&pads);
        self.node("Pad", &[&x.name, &pads], dims, vec![])
    }

    fn floats(&mut self, values: &[f32]) -> String {
        let name = format!("w{}", self.parts.initializers.len());
        match self.rng.is_some() {
            true => self.parts.floats(&name, &[values.len() as u64], values),
            false => name,
        }
    }
}
