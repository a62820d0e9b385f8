use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::tests::{integers, network};
use super::to_onnx;
use crate::onnx::steps::translate;
use crate::onnx::{InputShapes, ModelGraph};

#[test]
fn damaged_files_are_errors_and_no_panics() {
    let mut rng = Pcg64::seed_from_u64(7);
    let wholes = [network().bytes(), integers().bytes()];
    let mut refused = 0;
    for round in 0..10_000 {
        let mut bytes = wholes[round % 2].clone();
        for _ in 0..rng.random_range(1..6) {
            let place = rng.random_range(0..bytes.len());
            match rng.random_range(0..4) {
                0 => bytes[place] = rng.random(),
                1 => bytes[place] ^= 1 << rng.random_range(0..8),
                2 => bytes.truncate(place.max(8)),
                _ => {
                    let end = (place + 4).min(bytes.len());
                    let value: u32 = [u32::MAX, 1 << 31, 0, 1 << 20][rng.random_range(0..4)];
                    bytes[place..end].copy_from_slice(&value.to_le_bytes()[..end - place]);
                }
            }
            if bytes.len() < 9 {
                break;
            }
        }
        match to_onnx(&bytes) {
            Ok(onnx) => {
                let graph = ModelGraph::read(&onnx).unwrap();
                if let Ok(shapes) = graph.shapes(&InputShapes::new()) {
                    let _ = translate(&graph, &shapes);
                }
            }
            Err(error) => {
                assert!(!error.to_string().contains('\n'));
                refused += 1;
            }
        }
    }
    assert!((1_000..9_999).contains(&refused), "{refused} of 10000 refused");
}
