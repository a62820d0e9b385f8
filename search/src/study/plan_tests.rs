use super::*;

/// How many searches with and without latency loss a study of two devices makes, and where those without are for each.
fn searches(train_cut: bool) -> ([usize; 2], bool) {
    let preset = StudyPreset { train_cut, ..StudyPreset::read("full").unwrap() };
    let plan = Plan { preset, data: "data".into(), folder: "study".into() };
    let stages = plan.searches();
    let blind = stages.iter().filter(|stage| stage.name.contains("blind")).count();
    let [first, second] = &plan.preset.devices[..] else { panic!("two devices") };
    let folder = |device| plan.search(device, LatencyTerm::Without, 0).path().to_owned();
    assert_ne!(
        plan.search(first, LatencyTerm::With, 0).path(),
        plan.search(second, LatencyTerm::With, 0).path()
    );
    ([stages.len() - blind, blind], folder(first) == folder(second))
}

#[test]
fn a_search_that_looks_at_no_device_serves_all() {
    // Three seeds; best paths within targets need each device's latencies.
    assert_eq!(searches(false), ([6, 3], true));
    assert_eq!(searches(true), ([6, 6], false));
}
