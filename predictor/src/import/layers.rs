//! Rows of ops without many fields: pooling, joining, activations, classifiers, and ops by their own key.

use super::{Record, Subject, op_key};

/// `input_hw` and `in_channels` as the first words of a key.
fn input(record: &Record<'_>) -> Result<String, String> {
    let (side, channels) = (record.number("input_hw")?, record.number("in_channels")?);
    Ok(format!("{side}x{side}x{channels}"))
}

/// Reads `key`: a key of ours, of any kind.
pub(super) fn key(record: &Record<'_>) -> Result<Subject, String> {
    op_key::op(record.text("key")?)
}

/// Reads `input_hw`, `in_channels`, `kernel`, `stride`.
pub(super) fn max_pool(record: &Record<'_>) -> Result<Subject, String> {
    pool(record, "maxpool")
}

/// Reads `input_hw`, `in_channels`, `kernel`, `stride`.
pub(super) fn average_pool(record: &Record<'_>) -> Result<Subject, String> {
    pool(record, "avgpool")
}

fn pool(record: &Record<'_>, kind: &str) -> Result<Subject, String> {
    let (kernel, stride) = (record.number("kernel")?, record.number("stride")?);
    op_key::op(&format!("{kind}-{}-k{kernel}-s{stride}", input(record)?))
}

/// Reads `input_hw` and `in_channels`.
pub(super) fn global_pool(record: &Record<'_>) -> Result<Subject, String> {
    op_key::op(&format!("gpool-{}", input(record)?))
}

/// Reads `in_channels`.
pub(super) fn softmax(record: &Record<'_>) -> Result<Subject, String> {
    op_key::op(&format!("softmax-1x1x{}", record.number("in_channels")?))
}

/// Reads `input_hw` and `in_channels`: two maps of that shape.
pub(super) fn add(record: &Record<'_>) -> Result<Subject, String> {
    op_key::op(&format!("add-{}", input(record)?))
}

/// Reads `input_hw`, `in_channels` and, where it is there, `gate`: whether the second is a factor per channel.
pub(super) fn mul(record: &Record<'_>) -> Result<Subject, String> {
    let gate = if record.flag("gate")?.unwrap_or(false) { "-gate" } else { "" };
    op_key::op(&format!("mul-{}{gate}", input(record)?))
}

/// Reads `input_hw`, `in_channels` and `more_channels` of the second map.
pub(super) fn concat(record: &Record<'_>) -> Result<Subject, String> {
    op_key::op(&format!("concat-{}-c{}", input(record)?, record.number("more_channels")?))
}

/// Reads `in_channels` and `out_channels`.
pub(super) fn linear(record: &Record<'_>) -> Result<Subject, String> {
    let (inside, out) = (record.number("in_channels")?, record.number("out_channels")?);
    op_key::op(&format!("linear-1x1x{inside}-o{out}"))
}

/// Reads `input_hw`, `in_channels` and `activation`.
pub(super) fn act(record: &Record<'_>) -> Result<Subject, String> {
    op_key::op(&format!("act-{}{}", input(record)?, op_key::activation(record.text("activation")?)?))
}

/// Reads `input_hw`, `in_channels`, `factor` and `interpolation` (nearest or bilinear).
pub(super) fn upsample(record: &Record<'_>) -> Result<Subject, String> {
    let (factor, interpolation) = (record.number("factor")?, record.text("interpolation")?);
    op_key::op(&format!("upsample-{}-f{factor}-{interpolation}", input(record)?))
}

#[cfg(test)]
mod tests {
    use crate::import::{CSV_KINDS, Columns};

    #[test]
    fn every_kind_reads_its_columns() {
        let heads = [
            "key",
            "input_hw",
            "in_channels",
            "out_channels",
            "kernel",
            "stride",
            "gate",
            "more_channels",
            "activation",
            "factor",
            "interpolation",
        ];
        let columns = Columns::new(&heads, &[]).unwrap();
        let line = "gpool-4x4x8,14,8,24,3,2,1,16,hard_swish,2,nearest";
        let record = columns.record(line.split(',').collect());
        for (kind, expected) in [
            ("key", "gpool-4x4x8"),
            ("maxpool", "maxpool-14x14x8-k3-s2"),
            ("avgpool", "avgpool-14x14x8-k3-s2"),
            ("gpool", "gpool-14x14x8"),
            ("softmax", "softmax-1x1x8"),
            ("add", "add-14x14x8"),
            ("mul", "mul-14x14x8-gate"),
            ("concat", "concat-14x14x8-c16"),
            ("linear", "linear-1x1x8-o24"),
            ("act", "act-14x14x8-hswish"),
            ("upsample", "upsample-14x14x8-f2-nearest"),
        ] {
            let (_, read) = CSV_KINDS.iter().find(|(name, _)| *name == kind).unwrap();
            assert_eq!(read(&record).unwrap().key(), expected);
        }
    }
}
