//! Images that are drawn, not fetched.

use std::{fs, path::Path};

/// Writes 120 training and 40 test images of ten classes that are easy to distinguish: class c is white from row 2c to row
/// 2c + 5.
pub fn draw_images(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (part, count) in [("train", 120_u32), ("t10k", 40)] {
        let label = |image: u32| (image % 10) as u8;
        let labels: Vec<u8> = (0..count).map(label).collect();
        let pixel =
            |image: u32, row: u32| if (row).wrapping_sub(2 * u32::from(label(image))) < 6 { 255 } else { 0 };
        let pixels: Vec<u8> = (0..count * 28 * 28).map(|i| pixel(i / 784, i % 784 / 28)).collect();
        let header = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        let write =
            |name: &str, bytes: Vec<u8>| fs::write(folder.join(format!("{part}-{name}")), bytes).unwrap();
        write("images-idx3-ubyte", [header(&[0x803, count, 28, 28]), pixels].concat());
        write("labels-idx1-ubyte", [header(&[0x801, count]), labels].concat());
    }
}
