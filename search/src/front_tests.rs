use super::*;
use crate::alpha::{GateGradient, Pair};
use crate::error::SearchError;
use crate::latency::ExpectedLatency;
use crate::watch::Unwatched;

/// Stops when so many networks are done.
struct StopsAt(u64, bool);

impl Watcher for StopsAt {
    fn progress(&mut self, progress: &Progress) {
        self.1 = progress.phase == "front" && progress.step >= self.0;
    }

    fn stop_requested(&self) -> bool {
        self.1
    }
}

/// A path is right by the sum of its candidates' merits; counts what it is asked.
struct Merits {
    merits: Vec<Vec<f64>>,
    asked: usize,
}

impl Oracle for Merits {
    fn gates(
        &mut self,
        _: &[Option<Pair>],
        _: &[usize],
    ) -> Result<(f64, Vec<Option<GateGradient>>), SearchError> {
        Err(SearchError::Checkpoint("a front needs no gates".to_owned()))
    }

    fn accuracy(&mut self, path: &[usize]) -> Result<f64, SearchError> {
        self.asked += 1;
        Ok(path.iter().zip(&self.merits).map(|(&choice, merits)| merits[choice]).sum())
    }
}

/// Five blocks of three candidates: 0, 1 and 2 ms for 0, 3 and 4 hundredths.
fn merits() -> Merits {
    Merits { merits: vec![vec![0.0, 0.03, 0.04]; 5], asked: 0 }
}

fn settings() -> SearchSettings {
    let latency = ExpectedLatency { constant_ms: 1.0, blocks_ms: vec![vec![0.0, 1.0, 2.0]; 5] };
    SearchSettings { latency, target_ms: 6.0, ..crate::run::settings_for_tests() }
}

const TARGETS_MS: [f64; 3] = [3.1, 6.1, 8.6];
const EFFORT: Effort = Effort { networks: 70, finalists: 3 };

fn run(folder: &Path, stop_at: u64, merits: &mut Merits) -> Result<Vec<FrontPoint>, SearchError> {
    let settings = settings();
    let strategy = settings.strategy.start(&settings.plan());
    let mut scores = Scores::open(&folder.join("scores.jsonl"), &[3; 5], merits)?;
    let mut watcher = StopsAt(stop_at, false);
    let finalists = front(&settings, &*strategy, &TARGETS_MS, EFFORT, &mut scores, &mut watcher)?;
    points(&settings, &TARGETS_MS, finalists, &mut self::merits(), &mut watcher)
}

#[test]
fn each_target_gets_its_best_path_and_a_stop_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut merits = merits();
    assert!(matches!(run(folder.path(), 100, &mut merits), Err(SearchError::Stopped)));
    let before = merits.asked;
    assert!(before > 20, "{before}");
    let found = run(folder.path(), u64::MAX, &mut merits).unwrap();
    // 3.1 ms: two of five at 1 ms: 6 hundredths. 6.1 ms: all at 1 ms: 15. 8.6 ms: two of them at 2 ms: 17.
    let expected = [(3.0, 0.06), (6.0, 0.15), (8.0, 0.17)];
    for (point, (ms, accuracy)) in found.iter().zip(expected) {
        assert!((point.predicted_ms - ms).abs() < 1e-9, "{point:?}");
        assert!((point.held_out_accuracy - accuracy).abs() < 1e-9, "{point:?}");
    }
    assert_eq!(found.len(), 3);
    // No more than in one go, and nothing twice: there are 3^5 = 243 paths.
    let (other, mut whole) = (tempfile::tempdir().unwrap(), self::merits());
    assert_eq!(run(other.path(), u64::MAX, &mut whole).unwrap(), found);
    assert_eq!(merits.asked, whole.asked);
    let mut again = self::merits();
    assert_eq!(run(other.path(), u64::MAX, &mut again).unwrap(), found);
    assert_eq!(again.asked, 0);
}

#[test]
fn broken_scores_are_named_and_a_cut_line_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scores.jsonl");
    let good = r#"{"path":[0,0,0,0,1],"accuracy":0.03}"#;
    for (bad, part) in [
        (r#"{"path":[0,0,0,0,3],"accuracy":0.5}"#, "line 2"),
        (r#"{"path":[0,0,0,0],"accuracy":0.5}"#, "line 2"),
        (r#"{"path":[0,0,0,0,0],"accuracy":1.5}"#, "line 2"),
        ("accuracy", "line 2"),
    ] {
        std::fs::write(&file, format!("{good}\n{bad}\n")).unwrap();
        let error = Scores::open(&file, &[3; 5], &mut merits()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    std::fs::write(&file, format!("{good}\n{{\"path\":[0,")).unwrap();
    let mut merits = merits();
    let mut scores = Scores::open(&file, &[3; 5], &mut merits).unwrap();
    assert_eq!(scores.score(&[0, 0, 0, 0, 1]).unwrap().accuracy, 0.03);
    scores.score(&[0, 0, 0, 0, 2]).unwrap();
    assert_eq!(merits.asked, 1);
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2);
}

#[test]
fn an_impossible_target_is_refused_before_anything_is_looked_at() {
    let (settings, mut merits) = (settings(), merits());
    let strategy = settings.strategy.start(&settings.plan());
    let folder = tempfile::tempdir().unwrap();
    let mut scores = Scores::open(&folder.path().join("s"), &[3; 5], &mut merits).unwrap();
    let found = front(&settings, &*strategy, &[6.0, 0.9], EFFORT, &mut scores, &mut Unwatched);
    assert!(found.unwrap_err().to_string().contains("fastest network of the space needs 1.0000 ms"));
    assert_eq!(merits.asked, 0);
}
