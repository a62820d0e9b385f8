//! Drawn photos, to try things out at full size.

use std::path::{Path, PathBuf};

use image::{RgbImage, codecs::jpeg::JpegEncoder};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::error::DatasetsError;

/// JPEG quality: about as many bytes per pixel as photos have.
const QUALITY: u8 = 90;

/// Writes `count` square JPEGs of `side` pixels in `classes` classes to `train/` and a tenth as many (at least one per
/// class) to `val/`: coloured waves with grain, whose wavelength is the class. Files that are there stay as they are.
///
/// # Errors
/// [`DatasetsError::Unwritable`]; [`DatasetsError::NotDrawn`] for a folder with classes of somebody's own.
pub fn draw_photos(folder: &Path, count: usize, side: u32, classes: usize) -> Result<(), DatasetsError> {
    let classes = classes.max(1);
    if let Ok(entries) = folder.join("train").read_dir() {
        for entry in entries.flatten() {
            if !entry.file_name().to_string_lossy().starts_with("class-") {
                return Err(DatasetsError::NotDrawn { path: entry.path() });
            }
        }
    }
    for (part, count) in [("train", count), ("val", (count / 10).max(classes))] {
        for index in 0..count {
            let class = index % classes;
            let path = folder.join(part).join(format!("class-{class:03}")).join(format!("{index:06}.jpg"));
            if !path.exists() {
                write(&path, &draw(part.len() as u64, index as u64, side, class))?;
            }
        }
    }
    Ok(())
}

fn draw(part: u64, index: u64, side: u32, class: usize) -> RgbImage {
    let mut rng = Pcg64::seed_from_u64((part << 32) | index);
    let (phase, slope): (f64, f64) = (rng.random(), rng.random());
    let wave = std::f64::consts::TAU * (class + 1) as f64 / f64::from(side.max(1));
    RgbImage::from_fn(side, side, |x, y| {
        let place = wave * (f64::from(x) + slope * f64::from(y));
        let channel = |shift: f64, grain: u8| {
            let value = 120.0 + 90.0 * (place + std::f64::consts::TAU * (phase + shift)).sin();
            value as u8 + grain % 32
        };
        let grain: [u8; 3] = [rng.random(), rng.random(), rng.random()];
        image::Rgb([channel(0.0, grain[0]), channel(0.33, grain[1]), channel(0.67, grain[2])])
    })
}

fn write(path: &Path, photo: &RgbImage) -> Result<(), DatasetsError> {
    let unwritable = |path: PathBuf, reason: String| DatasetsError::Unwritable { path, reason };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| unwritable(folder.to_owned(), e.to_string()))?;
    }
    let mut bytes = Vec::new();
    photo
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))
        .map_err(|e| unwritable(path.to_owned(), e.to_string()))?;
    // Renamed when whole: a folder that was left half-done can be completed.
    let partial = path.with_extension("partial");
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, path))
        .map_err(|e| unwritable(path.to_owned(), e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::{Framing, Pixels, open_images};
    use profiler::spec::FeatureMap;

    #[test]
    fn drawn_photos_are_a_data_set() {
        let folder = tempfile::tempdir().unwrap();
        draw_photos(folder.path(), 6, 32, 2).unwrap();
        let dataset = open_images(folder.path(), FeatureMap::new(16, 16, 3).unwrap()).unwrap();
        assert_eq!((dataset.train.len(), dataset.test.len(), dataset.train.classes), (6, 2, 2));
        let Pixels::Photos(photos) = &dataset.train.pixels else { unreachable!() };
        let mut pixels = vec![0; 3 * 16 * 16];
        photos.read(3, Framing::Middle, [3, 16, 16], &mut pixels).unwrap().unwrap();
        let own = folder.path().join("train/cats");
        std::fs::create_dir(&own).unwrap();
        let error = draw_photos(folder.path(), 7, 32, 2).unwrap_err().to_string();
        assert!(error.contains("train/cats"), "{error}");
        let (low, high) = (pixels.iter().min().unwrap(), pixels.iter().max().unwrap());
        assert!(high - low > 60, "{low} to {high}: a drawing has contrast");
    }
}
