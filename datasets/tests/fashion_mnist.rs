//! The real files, as `tests/setup/images.sh` unpacks them.

#![cfg(feature = "images")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use datasets::images::{HoldOut, open_images};
use std::collections::BTreeMap;

#[test]
#[ignore = "needs Fashion-MNIST in the folder TAILOR_IMAGES; ./test.sh sets it up"]
fn fashion_mnist_is_read_and_split() {
    let folder = std::env::var_os("TAILOR_IMAGES").expect("TAILOR_IMAGES is set");
    let dataset = open_images(folder.as_ref(), "28x28x1".parse().unwrap()).unwrap();
    // Sizes as its authors give them: 60,000 + 10,000 images of 28x28 in 10 classes, 6,000 of each for training.
    assert_eq!((dataset.train.len(), dataset.test.len()), (60_000, 10_000));
    assert_eq!((dataset.train.channels, dataset.train.height, dataset.train.width), (1, 28, 28));
    let mut counts = BTreeMap::new();
    dataset.train.labels.iter().for_each(|label| *counts.entry(*label).or_insert(0) += 1);
    assert_eq!(counts, (0..10).map(|label| (label, 6_000)).collect());

    // Of 10,000 held out, a class gets 1,000 on average with a standard deviation of
    // sqrt(10000 · 0.1 · 0.9 · 5/6) = 27; six of them allow for any honest shuffle.
    let split = HoldOut { count: 10_000, seed: 0 }.split(dataset.train.len()).unwrap();
    let held_out = dataset.train.select(&split.validation).unwrap();
    for class in 0..10 {
        let count = held_out.labels.iter().filter(|label| **label == class).count();
        assert!(count.abs_diff(1_000) < 6 * 27, "class {class}: {count}");
    }
}
