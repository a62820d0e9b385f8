use crate::job::Report;
use serde::Serialize;

/// Seconds by what they were spent on; together they are the total.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Spent {
    /// From the start of this program until the job's end.
    total_s: f64,
    /// The profiler at work on the phone, as it says itself.
    profiler_s: f64,
    /// Building the profiler, or finding that it is built.
    building_s: f64,
    transfer_s: f64,
    waiting_s: f64,
    /// All else: asking the phone, and preparing it.
    other_s: f64,
    transferred_bytes: u64,
    losses: u32,
}

impl Spent {
    pub(super) fn of(report: &Report, total_s: f64, building_s: f64) -> Self {
        let Report { transfer_s, profiler_s, waiting_s, losses, transferred_bytes, .. } = *report;
        let other_s = (total_s - building_s - transfer_s - profiler_s - waiting_s).max(0.0);
        Self { total_s, profiler_s, building_s, transfer_s, waiting_s, other_s, transferred_bytes, losses }
    }

    pub(super) fn text(&self) -> String {
        let Self { total_s, profiler_s, building_s, transfer_s, waiting_s, other_s, losses, .. } = self;
        let megabytes = self.transferred_bytes as f64 / 1e6;
        let lost = match losses {
            0 => String::new(),
            times => format!(", {waiting_s:.1} s waiting for the phone, lost {times} times"),
        };
        format!(
            "{total_s:.1} s: {profiler_s:.1} s the profiler, {building_s:.1} s building, {transfer_s:.1} s sending and \
             receiving {megabytes:.1} MB{lost}, {other_s:.1} s all else"
        )
    }

    pub(super) fn json(&self) -> String {
        serde_json::json!({ "spent": self }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_all_else() {
        let report = Report {
            transferred_bytes: 21_500_000,
            transfer_s: 1.5,
            profiler_s: 60.0,
            waiting_s: 4.0,
            losses: 2,
            ..Report::default()
        };
        // 70 - 3 - 1.5 - 60 - 4 = 1.5
        let spent = Spent::of(&report, 70.0, 3.0);
        assert_eq!(
            spent.text(),
            "70.0 s: 60.0 s the profiler, 3.0 s building, 1.5 s sending and receiving 21.5 MB, 4.0 s waiting for the \
             phone, lost 2 times, 1.5 s all else"
        );
        assert_eq!(
            spent.json(),
            r#"{"spent":{"building_s":3.0,"losses":2,"other_s":1.5,"profiler_s":60.0,"total_s":70.0,"transfer_s":1.5,"transferred_bytes":21500000,"waiting_s":4.0}}"#
        );
    }
}
