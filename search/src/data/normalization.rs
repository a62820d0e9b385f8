use datasets::images::{ImageSet, Pixels};
use serde::{Deserialize, Serialize};

/// Mean and standard deviation of pixels (0 to 255) per channel: a network sees (pixel − mean) / deviation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalization {
    /// Mean of each channel.
    pub mean: Vec<f64>,
    /// Standard deviation of each channel.
    pub deviation: Vec<f64>,
}

/// Mean and standard deviation of ImageNet's red, green and blue, of 255. Source: torchvision's reference trainings.
const PHOTOS: [[f64; 3]; 2] = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];

impl Normalization {
    /// That of a set of images; of photos, which would all have to be decoded, that of ImageNet.
    pub fn of(images: &ImageSet) -> Self {
        let Pixels::Bytes(bytes) = &images.pixels else { return Self::of_photos(images.channels) };
        let pixels = images.height * images.width;
        let mut counts = vec![[0_u64; 256]; images.channels];
        for (index, plane) in bytes.chunks_exact(pixels.max(1)).enumerate() {
            let counts = &mut counts[index % images.channels];
            plane.iter().for_each(|&pixel| counts[usize::from(pixel)] += 1);
        }
        let moments = |counts: &[u64; 256]| {
            let total = counts.iter().sum::<u64>().max(1) as f64;
            let moment = |of: &dyn Fn(f64) -> f64| {
                counts.iter().enumerate().map(|(pixel, &n)| n as f64 * of(pixel as f64)).sum::<f64>() / total
            };
            let mean = moment(&|pixel| pixel);
            (mean, moment(&|pixel| (pixel - mean).powi(2)).sqrt())
        };
        let (mean, deviation) = counts.iter().map(moments).unzip();
        Self { mean, deviation }
    }

    /// ImageNet's; of grey photos the mean of its channels'.
    fn of_photos(channels: usize) -> Self {
        let [mean, deviation] = PHOTOS.map(|values| {
            let scaled = values.map(|value| 255.0 * value);
            if channels == scaled.len() {
                scaled.to_vec()
            } else {
                vec![scaled.iter().sum::<f64>() / scaled.len() as f64; channels]
            }
        });
        Self { mean, deviation }
    }

    /// What each byte becomes, per channel; a channel without any variation becomes 0.
    pub(crate) fn tables(&self) -> Vec<[f32; 256]> {
        let table = |(mean, deviation): (&f64, &f64)| {
            let scale = if *deviation > 0.0 { 1.0 / deviation } else { 0.0 };
            std::array::from_fn(|pixel| ((pixel as f64 - mean) * scale) as f32)
        };
        self.mean.iter().zip(&self.deviation).map(table).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_channels_by_hand() {
        // Channel 0: 0, 2, 4, 6: mean 3, variance (9 + 1 + 1 + 9)/4 = 5. Channel 1: always 9.
        let images = ImageSet {
            pixels: Pixels::Bytes(vec![0, 2, 9, 9, 4, 6, 9, 9]),
            height: 1,
            width: 2,
            channels: 2,
            labels: vec![0, 1],
            classes: 2,
        };
        let found = Normalization::of(&images);
        assert_eq!(found, Normalization { mean: vec![3.0, 9.0], deviation: vec![5.0_f64.sqrt(), 0.0] });
        assert!((found.tables()[0][6] - 3.0 / 5.0_f32.sqrt()).abs() < 1e-6);
        assert_eq!(found.tables()[1][255], 0.0);
    }
}
