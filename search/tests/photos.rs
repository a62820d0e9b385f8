//! Training on photos from files: the same bits however fast they are decoded, and damage is named.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::path::Path;

use datasets::images::{ImageDataset, draw_photos, open_images};
use search::data::{Augmentation, Flip};
use search::train::{Metrics, TrainSettings};
use search::watch::{Unwatched, Watcher};
use search::{RunFolder, SearchError};

/// 30 training photos of 48 × 48 in three classes, cut to the space's 8 × 8 grey pixels.
fn photos(folder: &Path) -> ImageDataset {
    draw_photos(folder, 30, 48, 3).unwrap();
    open_images(folder, support::space().input()).unwrap()
}

fn run(images: &ImageDataset, folder: &Path, watcher: &mut dyn Watcher) -> Result<Metrics, SearchError> {
    let (network, settings) = support::network(&[0; 4]);
    let augmentation = Augmentation { shift: 1, flip: Flip::Horizontal, smallest_area: 0.35 };
    let settings = TrainSettings { epochs: 3, batch: 8, augmentation, ..settings };
    support::run_training(&network, &settings, images, &RunFolder::new(folder), watcher)
}

#[test]
fn a_stopped_training_on_photos_ends_in_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let images = photos(&folder.path().join("photos"));
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    let expected = run(&images, &whole, &mut Unwatched).unwrap();
    let stopped = support::until_done(2, |watcher| run(&images, &parts, watcher));
    // 30 photos are 3 batches of 8 and a rest; three epochs are 9 steps; stopped after 2, 4, 6 and 8.
    assert_eq!(stopped, (expected, 4));
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
