//! A run that was stopped ends in the same bits as an undisturbed one.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::path::Path;

use datasets::images::ImageDataset;
use profiler::record::TEMPORARY_PREFIX;
use search::run::{Log, LogLine, SearchSettings};
use search::strategy::StrategyKind;
use search::train::TrainSettings;
use search::watch::Unwatched;
use search::{RunFolder, SearchError};
use support::{StopEvery, run_search, run_training, until_done};

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Whole and in parts, every strategy ends with the same checkpoint, network and log; the log's steps are returned.
fn stopped_and_whole(strategy: StrategyKind, stops: u32) -> Vec<u64> {
    let (folder, images) = (tempfile::tempdir().unwrap(), support::images());
    let settings = SearchSettings { strategy: support::strategy(strategy), ..support::search_settings() };
    let [whole, parts, other] =
        ["whole", "parts", "other"].map(|name| RunFolder::new(&folder.path().join(name)));
    let expected = run_search(&settings, &images, &whole, &mut Unwatched).unwrap();
    // 7 lies inside a group of log lines and behind the warm-up's end: the awkward place.
    let (found, stopped) = until_done(7, |watcher| run_search(&settings, &images, &parts, watcher));
    assert_eq!((found, stopped), (expected.clone(), stops));
    assert!(expected.path_ms <= settings.target_ms, "{expected:?}");
    assert!(bytes(&whole.checkpoint()) == bytes(&parts.checkpoint()), "{strategy:?}: checkpoints differ");
    assert_eq!(bytes(&whole.architecture()), bytes(&parts.architecture()));
    let log = |folder: &RunFolder| -> Vec<LogLine> {
        let lines = Log::read(&folder.log()).unwrap();
        lines.into_iter().map(|line| LogLine { step_ms: 0.0, ..line }).collect()
    };
    assert_eq!(log(&whole), log(&parts));

    let seed = SearchSettings { seed: 8, ..settings };
    run_search(&seed, &images, &other, &mut Unwatched).unwrap();
    assert!(bytes(&whole.checkpoint()) != bytes(&other.checkpoint()), "the seed has no effect");
    let error = run_search(&seed, &images, &whole, &mut Unwatched).unwrap_err().to_string();
    assert!(error.contains("was made with seed = 7, not 8"), "{error}");
    log(&whole).iter().map(|line| line.step).collect()
}

#[test]
fn a_stopped_search_ends_in_the_same_bits() {
    for strategy in [StrategyKind::Gradient, StrategyKind::Reinforce] {
        assert_eq!(stopped_and_whole(strategy, 2), [3, 6, 9, 12, 15, 18, 20]);
    }
}

/// 20 networks, 3 at a time: seven steps behind the twenty of training.
#[test]
fn a_search_that_is_stopped_while_it_compares_ends_in_the_same_bits() {
    for strategy in [StrategyKind::Evolution, StrategyKind::Random] {
        assert_eq!(stopped_and_whole(strategy, 3), [3, 6, 9, 12, 15, 18, 21, 24, 27]);
    }
}

#[test]
fn a_stopped_training_ends_in_the_same_bits_and_learns() {
    let (folder, images) = (tempfile::tempdir().unwrap(), support::images());
    let (network, settings) = support::network(&[0; 4]);
    let [whole, parts] = ["whole", "parts"].map(|name| RunFolder::new(&folder.path().join(name)));
    let expected = run_training(&network, &settings, &images, &whole, &mut Unwatched).unwrap();
    let (found, stops) = until_done(7, |watcher| run_training(&network, &settings, &images, &parts, watcher));
    // 120 images in batches of 24, twenty times: 100 steps.
    assert_eq!(stops, 14);
    assert_eq!(found, expected);
    assert!(bytes(&whole.weights()) == bytes(&parts.weights()), "weights differ");
    // Three classes that differ to the eye: a third would be chance.
    assert!(expected.test_accuracy.unwrap() > 0.8, "{:?}", expected.test_accuracy);
    let again = run_training(&network, &settings, &images, &whole, &mut StopEvery(1, false)).unwrap();
    assert_eq!(again, expected, "a finished training is not done twice");
}

#[test]
fn held_out_images_are_tested_on_in_place_of_the_test_images() {
    let (folder, images) = (tempfile::tempdir().unwrap(), support::images());
    let (network, settings) = support::network(&[0; 4]);
    let settings = TrainSettings { held_out: 30, epochs: 40, ..settings };
    // Other test images change nothing: these are all one image.
    let same = images.test.select(&vec![0; images.test.len()]).unwrap();
    let other = ImageDataset { test: same, ..images.clone() };
    let found = ["as they are", "other"].map(|name| folder.path().join(name));
    let found = [(&found[0], &images), (&found[1], &other)].map(|(path, images)| {
        run_training(&network, &settings, images, &RunFolder::new(path), &mut Unwatched).unwrap()
    });
    assert_eq!(found[0], found[1]);
    assert_eq!((found[0].test_accuracy, found[0].tested_images, found[0].train_images), (None, 30, 90));
    assert!(found[0].held_out_accuracy.unwrap() > 0.6, "{:?}", found[0].held_out_accuracy);
}

#[test]
fn broken_checkpoints_are_refused() {
    let (folder, images) = (tempfile::tempdir().unwrap(), support::images());
    let settings = support::search_settings();
    let run = RunFolder::new(folder.path());
    let stopped = run_search(&settings, &images, &run, &mut StopEvery(5, false));
    assert!(matches!(stopped, Err(SearchError::Stopped)));
    let whole = bytes(&run.checkpoint());
    std::fs::write(run.checkpoint(), &whole[..whole.len() / 2]).unwrap();
    let error = run_search(&settings, &images, &run, &mut Unwatched).unwrap_err();
    assert!(error.is_input() && error.to_string().contains("checkpoint.safetensors"), "{error}");
    // One of another search names its file, too.
    let strategy = support::strategy(StrategyKind::Reinforce);
    let (other, settings) =
        (RunFolder::new(&folder.path().join("other")), SearchSettings { strategy, ..settings });
    let stopped = run_search(&settings, &images, &other, &mut StopEvery(5, false));
    assert!(matches!(stopped, Err(SearchError::Stopped)));
    std::fs::write(other.checkpoint(), whole).unwrap();
    let error = run_search(&settings, &images, &other, &mut Unwatched).unwrap_err();
    assert!(error.to_string().contains("other/checkpoint.safetensors: `baseline` is missing"), "{error}");
}

/// A folder that is left by a refused command would stand in the way of the next one.
#[test]
fn what_is_refused_leaves_no_folder() {
    let (folder, images) = (tempfile::tempdir().unwrap(), support::images());
    let settings = support::search_settings();
    let run = RunFolder::new(&folder.path().join("run"));
    let mut more = settings.clone();
    more.latency.blocks_ms[0].push(0.0);
    for (wrong, named) in [
        (SearchSettings { batch: 81, ..settings.clone() }, "batches of 81 images: expected 1 to 80"),
        (SearchSettings { held_out: 120, ..settings.clone() }, "120 of 120"),
        (SearchSettings { threads: 5000, ..settings.clone() }, "number of threads is 5000"),
        (more, "table of latencies is for [5, 5, 4, 5] candidates"),
    ] {
        let error = run_search(&wrong, &images, &run, &mut Unwatched).unwrap_err();
        assert!(error.is_input() && error.to_string().contains(named), "{error}");
    }
    let (network, training) = support::network(&[0; 4]);
    for wrong in [
        TrainSettings { batch: 121, ..training.clone() },
        TrainSettings { held_out: 120, ..training.clone() },
    ] {
        let refused = run_training(&network, &wrong, &images, &run, &mut Unwatched);
        assert!(refused.unwrap_err().is_input());
    }
    assert!(!run.path().exists());
}

#[test]
fn a_run_is_not_resumed_on_other_images_nor_by_two() {
    let (folder, images) = (tempfile::tempdir().unwrap(), support::images());
    let settings = support::search_settings();
    let run = RunFolder::new(folder.path());
    let stopped = run_search(&settings, &images, &run, &mut StopEvery(5, false));
    assert!(matches!(stopped, Err(SearchError::Stopped)));
    let other = ImageDataset { train: support::image_set(120, 3), ..images.clone() };
    let error = run_search(&settings, &other, &run, &mut Unwatched).unwrap_err();
    assert!(error.is_input() && error.to_string().contains("was made with training_images ="), "{error}");
    let lock = run.lock().unwrap();
    let error = run_search(&settings, &images, &run, &mut Unwatched).unwrap_err();
    assert!(matches!(error, SearchError::Busy(_)), "{error}");
    drop(lock);
    // What a killed process was writing.
    let partial = folder.path().join(format!("{TEMPORARY_PREFIX}half"));
    std::fs::write(&partial, "half").unwrap();
    run_search(&settings, &images, &run, &mut Unwatched).unwrap();
    assert!(!partial.exists() && run.architecture().exists());
}
