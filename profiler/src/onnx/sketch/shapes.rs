//! What moves values or gives them another shape.

use super::{Sketch, Sketched, int, ints, text};

impl Sketch {
    /// Channels of maps behind each other.
    pub fn concat(&mut self, parts: &[&Sketched]) -> Sketched {
        let mut dims = parts.first().map_or(Vec::new(), |part| part.dims.clone());
        if let Some(channels) = dims.get_mut(1) {
            *channels = parts.iter().map(|part| u64::from(part.channels())).sum();
        }
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        self.node("Concat", &names, dims, vec![int("axis", 1)])
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

    /// Channels `from` to `to` (not included).
    pub fn slice(&mut self, x: &Sketched, from: u32, to: u32) -> Sketched {
        let mut dims = x.dims.clone();
        dims[1] = to.saturating_sub(from).into();
        let [from, to, axis] = [from, to, 1].map(|place| self.longs(&[place.into()]));
        self.node("Slice", &[&x.name, &from, &to, &axis], dims, vec![])
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

    /// Every position twice in both directions.
    pub fn upsample(&mut self, x: &Sketched) -> Sketched {
        let mut dims = x.dims.clone();
        dims[2..].iter_mut().for_each(|side| *side *= 2);
        let scales = self.floats(&[1.0, 1.0, 2.0, 2.0]);
        let attributes = vec![
            text("mode", "nearest"),
            text("coordinate_transformation_mode", "asymmetric"),
            text("nearest_mode", "floor"),
        ];
        self.node("Resize", &[&x.name, "", &scales], dims, attributes)
    }

    /// A border of zeros behind the height and the width, as tools pad before a window that steps.
    pub fn pad(&mut self, x: &Sketched) -> Sketched {
        let mut dims = x.dims.clone();
        dims[2..].iter_mut().for_each(|side| *side += 1);
        let pads = self.longs(&[0, 0, 0, 0, 0, 0, 1, 1]);
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
