//! Photos: decoded, cut and scaled when they are needed.

use std::{io::Cursor, path::PathBuf, sync::Arc};

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use crate::error::DatasetsError;

/// Photo files, none of them in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photos {
    /// Folder that the paths of `files` start from.
    pub root: PathBuf,
    /// One path per image.
    pub files: Arc<[PathBuf]>,
}

/// Which part of a photo becomes the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Framing {
    /// The middle: what is left when 1/16 is cut off both ends of the shorter side, and as much as that leaves of the
    /// longer one (256 pixels for an image of 224).
    Middle,
    /// A random part. Source: Szegedy et al., arXiv:1409.4842, §6 (as "random resized crop").
    Part {
        /// Share of the photo's area, above 0 and at most 1; less where the aspect does not fit.
        area: f64,
        /// Width over height.
        aspect: f64,
        /// Where the part lies, from 0 (left) to 1 (right).
        across: f64,
        /// Where the part lies, from 0 (top) to 1 (bottom).
        down: f64,
    },
}

/// Longest side of a photo that is decoded; a header beyond it is damage or an attack.
const LONGEST_SIDE: u32 = 16_384;
/// Most memory that decoding one photo may take, in bytes.
const MOST_MEMORY: u64 = 1 << 30;
/// Share of the shorter side that [`Framing::Middle`] keeps.
const MIDDLE: f64 = 224.0 / 256.0;

impl Framing {
    /// Left, top, width and height of the part of a photo, in its pixels.
    fn cut(self, [width, height]: [f64; 2], image_aspect: f64) -> [f64; 4] {
        let (wanted_width, wanted_height, across, down) = match self {
            Self::Middle => {
                let height = MIDDLE * height.min(width / image_aspect);
                (height * image_aspect, height, 0.5, 0.5)
            }
            Self::Part { area, aspect, across, down } => {
                let area = area * width * height;
                ((area * aspect).sqrt(), (area / aspect).sqrt(), across, down)
            }
        };
        let (part_width, part_height) = (wanted_width.clamp(1.0, width), wanted_height.clamp(1.0, height));
        [across * (width - part_width), down * (height - part_height), part_width, part_height]
    }
}

impl Photos {
    /// Decodes photo `index`; `output` is `[channels, height, width]` with 1 (grey) or 3 channels. `None` past the end.
    ///
    /// # Errors
    /// [`DatasetsError::Unreadable`] and [`DatasetsError::BadImage`], naming the file.
    pub fn read(
        &self,
        index: usize,
        framing: Framing,
        [channels, height, width]: [usize; 3],
        output: &mut [u8],
    ) -> Result<Option<()>, DatasetsError> {
        let Some(file) = self.files.get(index) else { return Ok(None) };
        let path = self.root.join(file);
        let bytes = std::fs::read(&path)
            .map_err(|reason| DatasetsError::Unreadable { path: path.clone(), reason })?;
        let bad = |reason: String| DatasetsError::BadImage { path: path.clone(), reason };
        let photo = decode(&bytes).map_err(bad)?;
        // The resizer is compiled for pixels of four channels alone; each is scaled as if it were the only one.
        let photo = if channels == 1 {
            DynamicImage::from(photo.into_luma8()).into_rgba8()
        } else {
            photo.into_rgba8()
        };
        let (size, pixel) = (photo.dimensions(), PixelType::U8x4);
        let source = ImageRef::new(size.0, size.1, &photo, pixel).map_err(|e| bad(e.to_string()))?;
        let mut scaled = Image::new(width as u32, height as u32, pixel);
        let part = framing.cut([f64::from(size.0), f64::from(size.1)], width as f64 / height as f64);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
            .use_alpha(false)
            .crop(part[0], part[1], part[2], part[3]);
        Resizer::new().resize(&source, &mut scaled, &options).map_err(|e| bad(e.to_string()))?;
        for (index, colours) in scaled.buffer().chunks_exact(4).enumerate() {
            for (channel, value) in colours.iter().take(channels).enumerate() {
                output[channel * height * width + index] = *value;
            }
        }
        Ok(Some(()))
    }

    /// The photos at `indices`, in that order; `None` if one is past the end.
    pub fn select(&self, indices: &[usize]) -> Option<Self> {
        let files = indices.iter().map(|&index| self.files.get(index).cloned()).collect::<Option<_>>()?;
        Some(Self { root: self.root.clone(), files })
    }
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
    // The content decides: among ImageNet's .JPEG files is a PNG.
    match reader.format() {
        Some(ImageFormat::Jpeg) if is_cut(bytes) => {
            return Err("the JPEG is truncated: its end marker is missing".to_owned());
        }
        Some(ImageFormat::Jpeg | ImageFormat::Png) => {}
        _ => return Err("neither a JPEG nor a PNG".to_owned()),
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    reader.decode().map_err(|e| e.to_string())
}

/// Whether a JPEG stops before its end marker: the decoder would fill what is missing with grey.
///
/// Source: ITU-T T.81, annex B: a segment has a length, a scan's data goes on to the next marker that is no restart, and in
/// it 0xff is followed by 0. Behind the end there may be anything, such as the film of a moving photo.
fn is_cut(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        rest = match rest {
            [] => return true,
            [0xff, 0xd9, ..] => return false,
            [0xff, 0x02..=0xcf | 0xd8..=0xfe, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest.get(2 + length..).unwrap_or_default()
            }
            [_, behind @ ..] => behind,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, RgbImage};
    use std::path::Path;
    use tempfile::TempDir;

    /// Left half (200, 0, 40), right half (0, 100, 250).
    fn halves(width: u32, height: u32) -> DynamicImage {
        let colour = |x| if x < width / 2 { [200, 0, 40] } else { [0, 100, 250] };
        RgbImage::from_fn(width, height, |x, _| image::Rgb(colour(x))).into()
    }

    fn read(path: &Path, framing: Framing, shape: [usize; 3]) -> Result<Vec<u8>, DatasetsError> {
        let (root, name) = (path.parent().unwrap().to_owned(), PathBuf::from(path.file_name().unwrap()));
        let photos = Photos { root, files: Arc::from(vec![name]) };
        let mut output = vec![7; shape.iter().product()];
        photos.read(0, framing, shape, &mut output).map(|found| {
            found.unwrap();
            output
        })
    }

    #[test]
    fn a_photo_is_cut_scaled_and_split_into_channels() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("photo.png");
        halves(64, 32).save(&path).unwrap();
        // The middle 28 of 32 rows and as many columns: half left, half right colour; 4 × 4 pixels of 7 each.
        let pixels = read(&path, Framing::Middle, [3, 4, 4]).unwrap();
        assert_eq!([pixels[0], pixels[16], pixels[32]], [200, 0, 40]);
        assert_eq!([pixels[3], pixels[19], pixels[35]], [0, 100, 250]);
        // A quarter of the area, square in pixels: 22.6 × 22.6, at the right end: one colour only.
        let part = Framing::Part { area: 0.25, aspect: 1.0, across: 1.0, down: 0.3 };
        let pixels = read(&path, part, [3, 2, 2]).unwrap();
        assert_eq!(pixels, [0, 0, 0, 0, 100, 100, 100, 100, 250, 250, 250, 250]);
    }

    #[test]
    fn parts_stay_inside_the_photo() {
        // All of a 100 × 50 photo at an aspect of 0.5: 50 wide and 100 high, of which 50 are there.
        let part = Framing::Part { area: 1.0, aspect: 0.5, across: 0.5, down: 1.0 };
        assert_eq!(part.cut([100.0, 50.0], 1.0), [25.0, 0.0, 50.0, 50.0]);
        // Of 256 × 512 the middle 224 × 224: 16 from the left, 144 from the top.
        assert_eq!(Framing::Middle.cut([256.0, 512.0], 1.0), [16.0, 144.0, 224.0, 224.0]);
        assert_eq!(Framing::Middle.cut([1.0, 1.0], 1.0), [0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn grey_and_colour_are_turned_into_each_other() {
        let folder = TempDir::new().unwrap();
        let (grey, colour) = (folder.path().join("grey.png"), folder.path().join("colour.jpg"));
        DynamicImage::from(GrayImage::from_pixel(16, 16, image::Luma([90]))).save(&grey).unwrap();
        DynamicImage::from(RgbImage::from_pixel(16, 16, image::Rgb([90; 3]))).save(&colour).unwrap();
        assert_eq!(read(&grey, Framing::Middle, [3, 1, 1]).unwrap(), [90; 3]);
        assert!(read(&colour, Framing::Middle, [1, 1, 1]).unwrap()[0].abs_diff(90) <= 2);
    }

    #[test]
    fn damage_is_an_error_that_names_the_file() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("photo.jpg");
        // Busy enough that the scan, not the header, is most of the file.
        let busy =
            |x: u32, y: u32| image::Rgb([(x * 37) ^ (y * 91), x * y, x + 13 * y].map(|value| value as u8));
        RgbImage::from_fn(64, 64, busy).save(&path).unwrap();
        assert!(read(&path, Framing::Middle, [3, 8, 8]).is_ok());
        let whole = std::fs::read(&path).unwrap();
        for (bytes, expected) in [
            (&whole[..whole.len() - 2], "truncated"),
            (&whole[..whole.len() * 3 / 4], "truncated"),
            (&[][..], "neither a JPEG nor a PNG"),
            (b"GIF89a nothing more", "neither a JPEG nor a PNG"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = read(&path, Framing::Middle, [3, 8, 8]).unwrap_err().to_string();
            assert!(error.contains("photo.jpg") && error.contains(expected), "{error}");
        }
        // Behind the end there may be anything, even what looks like a scan.
        std::fs::write(&path, [&whole[..], b"film \xff\xda \xff\xda"].concat()).unwrap();
        assert!(read(&path, Framing::Middle, [3, 8, 8]).is_ok());
        let png = folder.path().join("photo.png");
        halves(64, 64).save(&png).unwrap();
        let whole = std::fs::read(&png).unwrap();
        for length in [whole.len() / 2, 20] {
            std::fs::write(&png, &whole[..length]).unwrap();
            let error = read(&png, Framing::Middle, [3, 8, 8]).unwrap_err().to_string();
            assert!(error.contains("photo.png"), "{error}");
        }
        std::fs::remove_file(&png).unwrap();
        assert!(matches!(read(&png, Framing::Middle, [3, 8, 8]), Err(DatasetsError::Unreadable { .. })));
    }
}
