//! Shapes that operators give which move, cut and join tensors without computing anything.

use super::{AttributeValue, shape_rules::Rule};

impl Rule<'_> {
    pub(super) fn reshape(&self) -> Result<Vec<u64>, String> {
        let (dims, wanted) = (self.dims(0)?, self.listed("shape", 1)?.ok_or("it has no shape")?);
        let keeps_zero = self.int("allowzero") != Some(1);
        let mut sides = Vec::with_capacity(wanted.len());
        for (place, &side) in wanted.iter().enumerate() {
            sides.push(match side {
                0 if keeps_zero => dims.get(place).copied().ok_or("a 0 beyond its input's sides")?,
                -1 => 0,
                side => u64::try_from(side).map_err(|_| format!("a side of {side}"))?,
            });
        }
        let elements: u64 = dims.iter().product();
        if let Some(open) = wanted.iter().position(|side| *side == -1) {
            let others: u64 = sides.iter().enumerate().filter(|(i, _)| *i != open).map(|(_, s)| s).product();
            sides[open] = elements.checked_div(others).unwrap_or(0);
        }
        if sides.iter().product::<u64>() != elements {
            return Err(format!("{dims:?} does not fit into {wanted:?}"));
        }
        Ok(sides)
    }

    pub(super) fn squeeze(&self) -> Result<Vec<u64>, String> {
        let dims = self.dims(0)?;
        let axes = match self.listed("axes", 1)? {
            Some(axes) => self.axes(&axes, dims.len())?,
            None => (0..dims.len()).filter(|&axis| dims[axis] == 1).collect(),
        };
        Ok(dims.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, side)| *side).collect())
    }

    pub(super) fn unsqueeze(&self) -> Result<Vec<u64>, String> {
        let (dims, axes) = (self.dims(0)?, self.listed("axes", 1)?.ok_or("it has no axes")?);
        let rank = dims.len() + axes.len();
        let axes = self.axes(&axes, rank)?;
        let mut rest = dims.iter().copied();
        Ok((0..rank).map(|axis| if axes.contains(&axis) { 1 } else { rest.next().unwrap_or(1) }).collect())
    }

    pub(super) fn transpose(&self) -> Result<Vec<u64>, String> {
        let dims = self.dims(0)?;
        let order = self.ints("perm").map_or_else(|| (0..dims.len() as i64).rev().collect(), <[i64]>::to_vec);
        if order.len() != dims.len() {
            return Err(format!("order {order:?} of {dims:?}"));
        }
        Ok(self.axes(&order, dims.len())?.into_iter().map(|axis| dims[axis]).collect())
    }

    pub(super) fn pad(&self) -> Result<Vec<u64>, String> {
        let (dims, pads) = (self.dims(0)?, self.listed("pads", 1)?.ok_or("it has no pads")?);
        if pads.len() != 2 * dims.len() {
            return Err(format!("{} pads for {dims:?}", pads.len()));
        }
        let padded = |(axis, side): (usize, &u64)| *side as i64 + pads[axis] + pads[axis + dims.len()];
        let sides = dims.iter().enumerate().map(padded);
        sides.map(|side| u64::try_from(side).map_err(|_| format!("a side of {side}"))).collect()
    }

    pub(super) fn resize(&self) -> Result<Vec<u64>, String> {
        let dims = self.dims(0)?;
        if self.inputs.get(3).copied().flatten().is_some() {
            return self.sides(3);
        }
        let place = if self.inputs.len() == 2 { 1 } else { 2 };
        let scales = match self.node.attributes.get("scales") {
            Some(AttributeValue::Floats(scales)) => scales.iter().copied().map(f64::from).collect(),
            _ => self
                .tensor(place)?
                .values
                .clone()
                .ok_or("its scales are not known before the network runs")?,
        };
        if scales.len() != dims.len() {
            return Err(format!("{} scales for {dims:?}", scales.len()));
        }
        Ok(dims
            .iter()
            .zip(scales)
            .map(|(side, scale)| (*side as f64 * scale + 1e-6).floor() as u64)
            .collect())
    }

    pub(super) fn split(&self) -> Result<Vec<Vec<u64>>, String> {
        let dims = self.dims(0)?;
        let axis = self.axis(self.int("axis").unwrap_or(0), dims.len())?;
        let count = self.node.outputs.len().max(1) as u64;
        let even = || {
            let part = dims[axis].div_ceil(count);
            (0..count).map(|i| part.min(dims[axis].saturating_sub(i * part)) as i64).collect()
        };
        let parts = self.listed("split", 1)?.unwrap_or_else(even);
        let with = |part: &i64| {
            let side = u64::try_from(*part).map_err(|_| format!("a part of {part}"))?;
            Ok(dims.iter().enumerate().map(|(i, old)| if i == axis { side } else { *old }).collect())
        };
        parts.iter().map(with).collect()
    }

    pub(super) fn slice(&self) -> Result<Vec<u64>, String> {
        let mut dims = self.dims(0)?.to_vec();
        let starts = self.listed("starts", 1)?.ok_or("it has no starts")?;
        let ends = self.listed("ends", 2)?.ok_or("it has no ends")?;
        let axes = self.listed("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = self.listed("steps", 4)?.unwrap_or_else(|| vec![1; starts.len()]);
        let axes = self.axes(&axes, dims.len())?;
        for (((axis, start), end), step) in axes.into_iter().zip(&starts).zip(&ends).zip(&steps) {
            let side = dims[axis] as i64;
            let place = |at: i64| if at < 0 { at.saturating_add(side) } else { at };
            let taken = match *step {
                1.. => place(*end).clamp(0, side) - place(*start).clamp(0, side),
                0 => return Err("a step of 0".to_owned()),
                _ => place(*start).clamp(-1, side - 1) - place(*end).clamp(-1, side - 1),
            };
            dims[axis] = (taken.max(0) as u64).div_ceil(step.unsigned_abs());
        }
        Ok(dims)
    }

    pub(super) fn gather(&self) -> Result<Vec<u64>, String> {
        let (dims, indices) = (self.dims(0)?, self.dims(1)?);
        let axis = self.axis(self.int("axis").unwrap_or(0), dims.len())?;
        Ok([&dims[..axis], indices, &dims[axis + 1..]].concat())
    }

    pub(super) fn blocks(&self) -> Result<Vec<u64>, String> {
        let size = self.int("blocksize").and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0);
        match (self.dims(0)?, size) {
            (&[n, c, h, w], Some(size)) if self.node.operator == "DepthToSpace" => {
                Ok(vec![n, c / (size * size), h * size, w * size])
            }
            (&[n, c, h, w], Some(size)) => Ok(vec![n, c * size * size, h / size, w / size]),
            (dims, _) => Err(format!("{dims:?} in blocks of {size:?}")),
        }
    }
}
