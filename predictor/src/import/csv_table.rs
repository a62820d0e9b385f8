//! CSV tables with a row per subject and a column per device.

use super::csv_file::CsvFile;
use super::{CSV_KINDS, CsvKind, Extra, Format, Imported, ImportedRow, Record, Source, mobile_gpu};
use crate::error::PredictorError;

pub(super) const FORMAT: Format =
    Format { name: "csv", takes: &[Extra::LatencyColumn, Extra::Unit, Extra::Group], read };

/// Where a latency stands, and how many milliseconds its unit has.
pub(super) struct LatencyColumn {
    pub(super) name: String,
    pub(super) std: Option<String>,
    pub(super) unit_ms: f64,
}

impl LatencyColumn {
    /// The latency of a row, in milliseconds.
    pub(super) fn ms(&self, record: &Record<'_>) -> Result<f64, String> {
        Ok(record.above_zero(&self.name)? * self.unit_ms)
    }

    /// The standard deviation of a row's latency, in milliseconds, where there is a sensible one.
    pub(super) fn std_ms(&self, record: &Record<'_>) -> Option<f64> {
        let std = record.get(self.std.as_ref()?)?.parse().ok().filter(|std: &f64| std.is_finite());
        std.filter(|std| *std >= 0.0).map(|std| std * self.unit_ms)
    }
}

fn read(source: &Source) -> Result<Imported, PredictorError> {
    let kind = kind_of(source)?;
    let file = CsvFile::read(&source.file, &source.renamed)?;
    if mobile_gpu::is_meant(&file.names) {
        let reason =
            "has the columns of ops that a GPU delegate ran; its format is mobile-gpu-csv, and takes no kind";
        return Err(source.wrong(reason).into());
    }
    let latency = latency_column(source, &file.names).map_err(|reason| source.wrong(reason))?;
    let mut imported = Imported::of(&latency.name);
    for (line, record) in file.records() {
        imported.take(line, row(&record, kind, &latency, source.group.as_deref()));
    }
    Ok(imported)
}

fn kind_of(source: &Source) -> Result<CsvKind, PredictorError> {
    let asked = source.kind.as_deref().unwrap_or_default();
    let found = CSV_KINDS.iter().find(|(name, _)| *name == asked);
    found.map(|(_, kind)| *kind).ok_or_else(|| PredictorError::Option {
        option: "kind",
        value: format!("`{asked}`"),
        expected: "mbconv, conv, nasbench201, fbnet, key or another kind that is listed for imports",
    })
}

fn row(
    record: &Record<'_>,
    kind: CsvKind,
    latency: &LatencyColumn,
    group: Option<&str>,
) -> Result<ImportedRow, String> {
    Ok(ImportedRow {
        std_ms: latency.std_ms(record),
        runs: record.get("runs").and_then(|text| text.parse().ok()),
        group: group.map(|column| record.text(column).map(str::to_owned)).transpose()?,
        ..ImportedRow::new(kind(record)?, latency.ms(record)?)
    })
}

/// The column that was asked for, or the only one that can be a latency.
pub(super) fn latency_column(source: &Source, names: &[String]) -> Result<LatencyColumn, String> {
    let is_spread = |name: &str| {
        ["std", "var", "ci", "min", "max", "p90"].iter().any(|w| name.split('_').any(|p| p == *w))
    };
    let is_latency = |name: &&String| {
        (name.ends_with("_ms") || name.ends_with("_us") || name.starts_with("latency")) && !is_spread(name)
    };
    let found: Vec<&String> = names.iter().filter(is_latency).collect();
    let name = match (&source.latency_column, &found[..]) {
        (Some(asked), _) if names.contains(asked) => asked.clone(),
        // A device may be named alone.
        (Some(asked), _) => {
            let of_device: Vec<&&String> = found.iter().filter(|name| device_of(name) == *asked).collect();
            match of_device[..] {
                [only] => (*only).clone(),
                _ => return Err(format!("no latency column `{asked}`; the table has {}", list(&found))),
            }
        }
        (None, [only]) => (*only).clone(),
        (None, []) => {
            return Err("no column can be a latency (`…_ms` or `…_us`); name the latency column".to_owned());
        }
        (None, several) => {
            return Err(format!("{} latency columns; name one of {}", several.len(), list(several)));
        }
    };
    let unit_ms = match source.unit_ms {
        Some(unit_ms) => unit_ms,
        None if name.ends_with("_ms") => 1.0,
        None if name.ends_with("_us") => 1e-3,
        None => return Err(format!("the unit of `{name}` is not known; name the unit, ms or us")),
    };
    let std = name.replace("mean", "std");
    let std = (std != name && names.contains(&std)).then_some(std);
    Ok(LatencyColumn { name, std, unit_ms })
}

fn list(names: &[&String]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// `pixel4` of `pixel4_mean_ms`.
pub(super) fn device_of(column: &str) -> &str {
    let column = column.trim_end_matches("_ms").trim_end_matches("_us");
    column.trim_end_matches("_mean")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str, change: impl FnOnce(&mut Source)) -> Result<Imported, String> {
        crate::import::import("csv", text, |source| {
            source.kind = Some("conv".to_owned());
            change(source);
        })
    }

    const HEADS: &str = "input_hw,in_channels,out_channels,kernel,stride";

    #[test]
    fn rows_that_cannot_be_read_are_listed_by_line() {
        let text = format!("{HEADS},latency_us\n8,3,8,3,1,500\n8,3,8,4,1,500\n8,3,8,3,1,-2\n8,3,8,3\n");
        let found = import(&text, |_| {}).unwrap();
        assert_eq!((found.rows.len(), found.rows[0].line, found.rows[0].latency_ms), (1, 2, 0.5));
        assert_eq!(found.refused_lines(), [3, 4, 5]);
        assert!(found.refused[1].reason.contains("latency_us is -2"), "{:?}", found.refused);
        assert!(found.refused[2].reason.contains("no `stride`"), "{:?}", found.refused);
        let of_windows = import(&text.replace('\n', "\r\n"), |_| {}).unwrap();
        assert_eq!(of_windows, found);
    }

    #[test]
    fn the_latency_column_is_found_or_asked_for() {
        let text = format!("{HEADS},a_mean_ms,a_std_ms,b_ms\n8,3,8,3,1,2,0.1,5\n");
        assert!(import(&text, |_| {}).unwrap_err().contains("one of a_mean_ms, b_ms"));
        let found = import(&text, |source| source.latency_column = Some("a".to_owned())).unwrap();
        assert_eq!((found.rows[0].latency_ms, found.rows[0].std_ms), (2.0, Some(0.1)));
        let asked = import(&text, |source| source.latency_column = Some("c".to_owned()));
        assert!(asked.unwrap_err().contains("no latency column `c`"));
        let text = format!("{HEADS},latency\n8,3,8,3,1,2\n");
        assert!(import(&text, |_| {}).unwrap_err().contains("unit, ms or us"));
        assert_eq!(import(&text, |source| source.unit_ms = Some(1e-3)).unwrap().rows[0].latency_ms, 2e-3);
        assert!(import(&text, |source| source.kind = None).unwrap_err().contains("kind is"));
        let other = import("model,operation,feature,p_us,p_kernel\n", |_| {});
        assert!(other.unwrap_err().contains("mobile-gpu-csv"));
    }
}
