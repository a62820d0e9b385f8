//! Shapes that windows give: convolutions and pooling, with any padding.

use super::shape_rules::Rule;

/// The padding of each spatial side, before and behind.
fn padding(
    rule: &Rule<'_>,
    sides: &[u64],
    reaches: &[u64],
    strides: &[u64],
) -> Result<Vec<(u64, u64)>, String> {
    match rule.text("auto_pad").unwrap_or("NOTSET") {
        "NOTSET" | "" => {
            let pads = rule.ints("pads").map_or_else(|| vec![0; 2 * sides.len()], <[i64]>::to_vec);
            if pads.len() != 2 * sides.len() {
                return Err(format!("{} pads for {} sides", pads.len(), sides.len()));
            }
            let pad = |pad: i64| u64::try_from(pad).map_err(|_| format!("a padding of {pad}"));
            let both = |axis: usize| Ok((pad(pads[axis])?, pad(pads[axis + sides.len()])?));
            (0..sides.len()).map(both).collect()
        }
        "VALID" => Ok(vec![(0, 0); sides.len()]),
        auto @ ("SAME_UPPER" | "SAME_LOWER") => {
            let of_side = |((side, reach), stride): ((&u64, &u64), &u64)| {
                let whole = ((side.div_ceil(*stride) - 1) * stride + reach).saturating_sub(*side);
                let (less, more) = (whole / 2, whole - whole / 2);
                if auto == "SAME_UPPER" { (less, more) } else { (more, less) }
            };
            Ok(sides.iter().zip(reaches).zip(strides).map(of_side).collect())
        }
        other => Err(format!("auto_pad `{other}` is not known")),
    }
}

/// A positive number per spatial side, 1 where the attribute is left out.
fn per_side(rule: &Rule<'_>, name: &str, sides: usize) -> Result<Vec<u64>, String> {
    let Some(values) = rule.ints(name) else { return Ok(vec![1; sides]) };
    let positive = |value: &i64| u64::try_from(*value).ok().filter(|value| *value > 0);
    let found: Option<Vec<u64>> = values.iter().map(positive).collect();
    found
        .filter(|found| found.len() == sides)
        .ok_or_else(|| format!("{name} of {values:?} for {sides} sides"))
}

fn slide(rule: &Rule<'_>, sides: &[u64], kernel: &[u64]) -> Result<Vec<u64>, String> {
    let strides = per_side(rule, "strides", sides.len())?;
    let dilations = per_side(rule, "dilations", sides.len())?;
    let reaches: Vec<u64> = kernel.iter().zip(&dilations).map(|(k, d)| (k.max(&1) - 1) * d + 1).collect();
    let pads = padding(rule, sides, &reaches, &strides)?;
    let ceil = rule.int("ceil_mode") == Some(1);
    let mut given = Vec::with_capacity(sides.len());
    for (axis, side) in sides.iter().enumerate() {
        let (before, behind) = pads[axis];
        let room = (side + before + behind)
            .checked_sub(reaches[axis])
            .ok_or_else(|| format!("a kernel of {} on a side of {side}", kernel[axis]))?;
        let mut steps = if ceil { room.div_ceil(strides[axis]) } else { room / strides[axis] } + 1;
        // A window that would begin behind the map and its first padding is left out.
        if ceil && (steps - 1) * strides[axis] >= side + before {
            steps -= 1;
        }
        given.push(steps);
    }
    Ok(given)
}

/// Of a convolution.
pub(super) fn conv(rule: &Rule<'_>) -> Result<Vec<u64>, String> {
    let (dims, weights) = (rule.dims(0)?, rule.dims(1)?);
    let ([batch, channels, sides @ ..], [out, per_group, kernel @ ..]) = (dims, weights) else {
        return Err(format!("{dims:?} by {weights:?}"));
    };
    let groups = rule.int("group").unwrap_or(1).max(1) as u64;
    if sides.is_empty() || sides.len() != kernel.len() || per_group * groups != *channels || out % groups != 0
    {
        return Err(format!("{dims:?} by weights of {weights:?} in {groups} groups"));
    }
    Ok([&[*batch, *out], slide(rule, sides, kernel)?.as_slice()].concat())
}

/// Of a pooling window.
pub(super) fn pool(rule: &Rule<'_>) -> Result<Vec<u64>, String> {
    let dims = rule.dims(0)?;
    let [batch, channels, sides @ ..] = dims else { return Err(format!("{dims:?}")) };
    rule.ints("kernel_shape").ok_or("it has no kernel_shape")?;
    let kernel = per_side(rule, "kernel_shape", sides.len())?;
    Ok([&[*batch, *channels], slide(rule, sides, &kernel)?.as_slice()].concat())
}

/// Of a transposed convolution.
pub(super) fn conv_transpose(rule: &Rule<'_>) -> Result<Vec<u64>, String> {
    let (dims, weights) = (rule.dims(0)?, rule.dims(1)?);
    let ([batch, _, sides @ ..], [_, per_group, kernel @ ..]) = (dims, weights) else {
        return Err(format!("{dims:?} by {weights:?}"));
    };
    if sides.is_empty() || sides.len() != kernel.len() || rule.ints("output_shape").is_some() {
        return Err(format!("{dims:?} by {weights:?}, or an output_shape, which is not read"));
    }
    let groups = rule.int("group").unwrap_or(1).max(1) as u64;
    let strides = per_side(rule, "strides", sides.len())?;
    let dilations = per_side(rule, "dilations", sides.len())?;
    let reaches: Vec<u64> = kernel.iter().zip(&dilations).map(|(k, d)| (k.max(&1) - 1) * d + 1).collect();
    let pads = padding(rule, sides, &reaches, &strides)?;
    let more = rule.ints("output_padding").map_or_else(|| vec![0; sides.len()], <[i64]>::to_vec);
    let mut given = vec![*batch, per_group * groups];
    for (axis, side) in sides.iter().enumerate() {
        let more = more.get(axis).and_then(|more| u64::try_from(*more).ok()).unwrap_or(0);
        let whole = (side - 1) * strides[axis] + reaches[axis] + more;
        let cut = pads[axis].0 + pads[axis].1;
        given.push(whole.checked_sub(cut).ok_or_else(|| format!("a padding of {cut} on {whole}"))?);
    }
    Ok(given)
}
