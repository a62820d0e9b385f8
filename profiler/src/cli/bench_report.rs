//! What `profiler bench` prints at its end.

use comfy_table::Table;
use serde::Serialize;

use super::table_of;
use crate::bench::{Finding, Goals, Report};

/// The report as `--json` prints it: with the goals counted.
pub(super) fn json(report: &Report) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Printed<'a> {
        #[serde(flatten)]
        report: &'a Report,
        goals: Goals,
    }
    serde_json::to_string(&Printed { report, goals: report.goals() })
}

/// How the goals stand.
pub(super) fn goals_in_words(goals: Goals) -> String {
    let Goals { reached, missed, not_shown, parts_without_answer } = goals;
    let counts = format!("{reached} goals reached, {missed} missed, {not_shown} not shown");
    let parts = match parts_without_answer {
        0 => String::new(),
        count => format!(", {count} parts without an answer"),
    };
    let rest = if missed == 0 && not_shown + parts_without_answer > 0 {
        ": all that is shown is reached, of the rest nothing can be said; bench anew when less else runs, or with a larger --budget-s"
    } else {
        ""
    };
    format!("{counts}{parts}{rest}")
}

/// The speed that a part's figures are of, and what of it cannot be said.
pub(super) fn standing(finding: &Finding) -> String {
    let speed = finding
        .speed
        .as_ref()
        .map_or_else(String::new, |chosen| format!("; {} speed: {}", chosen.speed, chosen.reason));
    let lost = finding.no_answer.as_ref().map_or_else(String::new, |reason| format!("; no answer: {reason}"));
    let not_shown = finding.ratios.iter().filter_map(|ratio| Some((&ratio.name, ratio.not_shown.as_ref()?)));
    let not_shown: String = not_shown.map(|(name, reason)| format!("; {name} not shown: {reason}")).collect();
    format!("{} on {}: {:.0} s{speed}{lost}{not_shown}", finding.part, finding.runtime.name, finding.spent_s)
}

/// Every figure, with its goal.
pub(super) fn table(report: &Report) -> Table {
    let mut table = table_of(["part", "runtime", "figure", "value", "goal", "", "rests on"]);
    for finding in &report.findings {
        let emulated = if finding.runtime.emulated { " (emulated)" } else { "" };
        let runtime = format!("{} {}{emulated}", finding.runtime.name, finding.runtime.version);
        for ratio in &finding.ratios {
            table.add_row([
                finding.part.to_string(),
                runtime.clone(),
                ratio.name.clone(),
                ratio.printed_value(),
                ratio.printed_goal(),
                ratio.verdict().to_owned(),
                ratio.base.clone(),
            ]);
        }
    }
    table
}

/// Under which conditions.
pub(super) fn conditions(report: &Report) -> String {
    let settings = &report.settings;
    let load = |state: &crate::device::MachineState| state.load_average.map(|load| load[0]);
    let loads: Vec<String> = report
        .findings
        .iter()
        .filter_map(|f| Some(format!("{:.2}-{:.2}", load(&f.before)?, load(&f.after)?)))
        .collect();
    format!(
        "{} on {}, {} ops, pinned to {:?}, {} tables, seed {}; load average of each part {}",
        settings.space,
        settings.device,
        settings.ops,
        settings.cpus,
        settings.repeats,
        settings.seed,
        loads.join(" "),
    )
}
