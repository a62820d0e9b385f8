//! What is reached on public tables, with slack; their folder is named by the environment variable `TAILOR_TABLES`.
//!
//! `predictor bench` prints the figures. Run with `cargo test --release -p predictor --test public_tables -- --ignored`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use predictor::bench::Bench;
use profiler::bench::Goal;

/// Fails when a figure is further from its goal than slack allows: a fifth above a bound on errors, two points below one on
/// shares and correlations, five points beside the band of coverage.
fn check(table: &str) {
    let folder = std::env::var_os("TAILOR_TABLES").expect("TAILOR_TABLES names the folder of the tables");
    let bench = Bench::new(folder.into(), |_| ());
    let tables = bench.tables().unwrap();
    let (_, task) = tables.iter().find(|(name, _)| *name == table).expect("a table of the folder");
    let findings = task(&bench, table).unwrap();
    assert!(!findings.is_empty());
    for finding in findings {
        for goal in &finding.goals {
            println!("{table}, {}: {} {:.4}", finding.case, goal.figure, goal.reached);
            let good = match goal.goal {
                Some(Goal::AtMost(limit)) => goal.reached <= 1.2 * limit,
                Some(Goal::AtLeast(limit)) => goal.reached >= limit - 0.02,
                Some(Goal::Between(low, high)) => (low - 0.05..=high + 0.05).contains(&goal.reached),
                None => true,
            };
            assert!(good, "{table}, {}: {goal:?}", finding.case);
        }
    }
}

macro_rules! public_tables {
    ($($test:ident: $table:literal,)+) => {
        $(#[test]
        #[ignore = "needs the tables named by TAILOR_TABLES"]
        fn $test() {
            check($table);
        })+
    };
}

public_tables! {
    public_tables_mbconv_pixel1: "mbconv_pixel1",
    public_tables_mbconv_xiaomi11: "mbconv_xiaomi11",
    public_tables_mbconv_xiaomi11_from_pixel1: "mbconv_xiaomi11_from_pixel1",
    public_tables_mbconv_note10: "mbconv_note10",
    public_tables_nasbench201_two_devices: "nasbench201_nnmeter_2devices",
    public_tables_nasbench201_new_devices: "nasbench201_help_21devices",
    public_tables_mobile_gpu_ops: "mobile_gpu_ops",
}

#[test]
#[ignore = "needs the tables named by TAILOR_TABLES"]
fn public_tables_fbnet_new_devices() {
    check("fbnet_help_22devices");
}
