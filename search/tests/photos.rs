//! Training on photos from files: the same bits however fast they are decoded, and damage is named.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::{path::Path, time::Duration};

use datasets::images::{ImageDataset, draw_photos, open_images};
use search::{
    RunFolder, SearchError,
    data::{Augmentation, Flip},
    train::{Begin, Metrics, TrainSettings, train},
    watch::{Progress, Unwatched, Watcher},
};

const HOUR: Duration = Duration::from_secs(3600);

/// 30 training photos of 48 × 48 in three classes, cut to the space's 8 × 8 grey pixels.
fn photos(folder: &Path) -> ImageDataset {
    draw_photos(folder, 30, 48, 3).unwrap();
    open_images(folder, support::space().input()).unwrap()
}

fn run(images: &ImageDataset, folder: &Path, watcher: &mut dyn Watcher) -> Result<Metrics, SearchError> {
    let network = support::space().network("net", &[0, 0, 0, 0]).unwrap();
    let augmentation = Augmentation { shift: 1, flip: Flip::Horizontal, smallest_area: 0.35 };
    let settings = TrainSettings { epochs: 3, batch: 8, augmentation, ..support::train_settings(&network) };
    train(&network, Begin::AtRandom, &settings, images, &RunFolder::new(folder), HOUR, watcher)
}

/// Stops behind every second step.
struct Stops(bool);

impl Watcher for Stops {
    fn progress(&mut self, progress: &Progress) {
        self.0 = progress.step.is_multiple_of(2) && progress.step < progress.steps;
    }

    fn stop_requested(&self) -> bool {
        self.0
    }
}

#[test]
fn a_stopped_training_on_photos_ends_in_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let images = photos(&folder.path().join("photos"));
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    let expected = run(&images, &whole, &mut Unwatched).unwrap();
    let mut stops = 0;
    let found = loop {
        match run(&images, &parts, &mut Stops(false)) {
            Err(SearchError::Stopped) => stops += 1,
            other => break other.unwrap(),
        }
    };
    // 30 photos are 3 batches of 8 and a rest; three epochs are 9 steps; stopped after 2, 4, 6 and 8.
    assert_eq!((stops, found), (4, expected));
    let weights = |folder: &Path| std::fs::read(RunFolder::new(folder).weights()).unwrap();
    assert!(weights(&whole) == weights(&parts), "weights differ");
}

#[test]
fn a_damaged_photo_ends_the_training_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let images = photos(&folder.path().join("photos"));
    let victim = folder.path().join("photos/train/class-001/000004.jpg");
    let bytes = std::fs::read(&victim).unwrap();
    std::fs::write(&victim, &bytes[..bytes.len() / 2]).unwrap();
    let error = run(&images, &folder.path().join("run"), &mut Unwatched).unwrap_err();
    assert!(error.is_input() && error.to_string().contains("class-001/000004.jpg"), "{error}");
}
