use datasets::images::ImageSet;
use profiler::spec::FeatureMap;

use crate::error::SearchError;

/// Checks that images have the shape a network takes and no more classes than it distinguishes.
pub(crate) fn check_images(images: &ImageSet, expected: FeatureMap, classes: u32) -> Result<(), SearchError> {
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let found = FeatureMap::new(side(images.height), side(images.width), side(images.channels))?;
    if found == expected && images.classes <= classes as usize {
        return Ok(());
    }
    Err(SearchError::ImageShape { found, found_classes: images.classes, expected, classes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use datasets::images::Pixels;

    #[test]
    fn both_shapes_are_named() {
        let images = ImageSet {
            pixels: Pixels::Bytes(vec![0; 6]),
            height: 2,
            width: 3,
            channels: 1,
            labels: vec![0],
            classes: 4,
        };
        let shape = "2x3x1".parse().unwrap();
        assert!(check_images(&images, shape, 4).is_ok());
        let error = check_images(&images, shape, 3).unwrap_err().to_string();
        assert!(error.contains("2x3x1 with 4 classes, but the network takes 2x3x1 with 3"), "{error}");
        assert!(check_images(&images, "3x2x1".parse().unwrap(), 4).is_err());
    }
}
