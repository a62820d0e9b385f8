//! Photos decoded by other threads before they are needed.

use std::collections::VecDeque;
use std::sync::{
    Arc, Mutex, PoisonError,
    mpsc::{Receiver, Sender, channel},
};
use std::thread;

use super::{Framing, Photos};
use crate::error::DatasetsError;

/// One photo of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhotoRequest {
    /// Which photo.
    pub index: usize,
    /// Which part of it.
    pub framing: Framing,
}

type Decoded = Result<Vec<u8>, DatasetsError>;
type Job = (Vec<PhotoRequest>, Sender<Decoded>);

/// Decodes the batches that come next while the present one is used.
///
/// At most one batch per thread and one more are kept, as bytes. What a batch holds depends on what is asked for alone,
/// not on how fast threads are. The threads end when this is dropped.
#[derive(Debug)]
pub struct ReadAhead {
    jobs: Sender<Job>,
    /// Batches under way, by number.
    pending: VecDeque<(u64, Receiver<Decoded>)>,
    depth: u64,
}

impl ReadAhead {
    /// Threads that decode `photos` to `[channels, height, width]`; at least one.
    pub fn new(photos: &Photos, shape: [usize; 3], threads: usize) -> Self {
        let (jobs, waiting) = channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = threads.max(1);
        for _ in 0..threads {
            let (photos, waiting) = (photos.clone(), Arc::clone(&waiting));
            thread::spawn(move || {
                // Bound first: the lock must be free while this thread decodes.
                while let Ok((requests, done)) = next(&waiting) {
                    // Whoever asked may have turned to something else.
                    let _ = done.send(decode(&photos, shape, &requests));
                }
            });
        }
        Self { jobs, pending: VecDeque::new(), depth: threads as u64 + 1 }
    }

    /// Batch `number`, `[n, channels, height, width]`, and starts on those that come next. `plan` says what a batch
    /// is made of, and that none comes any more.
    ///
    /// # Errors
    /// [`DatasetsError`] of the first photo that cannot be used; [`DatasetsError::NoSuchBatch`] for a batch that the plan
    /// does not know.
    pub fn take(
        &mut self,
        number: u64,
        plan: impl Fn(u64) -> Option<Vec<PhotoRequest>>,
    ) -> Result<Vec<u8>, DatasetsError> {
        // A run that was taken up elsewhere asks for other batches than were thought to come next.
        self.pending.retain(|(pending, _)| (number..=number.saturating_add(self.depth)).contains(pending));
        for ahead in number..=number.saturating_add(self.depth) {
            if self.pending.iter().all(|(pending, _)| *pending != ahead)
                && let Some(requests) = plan(ahead)
            {
                let (done, batch) = channel();
                // The threads live as long as this does.
                let _ = self.jobs.send((requests, done));
                self.pending.push_back((ahead, batch));
            }
        }
        let place = self.pending.iter().position(|(pending, _)| *pending == number);
        let batch = place.and_then(|place| self.pending.remove(place)).map(|(_, batch)| batch.recv());
        batch.and_then(Result::ok).unwrap_or(Err(DatasetsError::NoSuchBatch { number }))
    }
}

fn next(waiting: &Mutex<Receiver<Job>>) -> Result<Job, std::sync::mpsc::RecvError> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv()
}

fn decode(photos: &Photos, shape: [usize; 3], requests: &[PhotoRequest]) -> Decoded {
    let size = shape.iter().product::<usize>();
    let mut pixels = vec![0; requests.len() * size];
    for (request, output) in requests.iter().zip(pixels.chunks_exact_mut(size.max(1))) {
        let PhotoRequest { index, framing } = *request;
        let available = photos.files.len();
        photos.read(index, framing, shape, output)?.ok_or(DatasetsError::NoSuchImage { index, available })?;
    }
    Ok(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, GrayImage};
    use std::path::{Path, PathBuf};
    use tempfile::TempDir;

    /// Photos all of whose pixels are 10, 20, 30, … and a file that is none.
    fn write(folder: &Path) -> Photos {
        let name = |index: u8| PathBuf::from(format!("{index}.png"));
        for index in 0..6 {
            let photo = GrayImage::from_pixel(8, 8, image::Luma([10 * (index + 1)]));
            DynamicImage::from(photo).save(folder.join(name(index))).unwrap();
        }
        std::fs::write(folder.join(name(6)), b"no photo").unwrap();
        Photos { root: folder.into(), files: (0..7).map(name).collect() }
    }

    /// Batch b is photos b and 0.
    fn plan(number: u64) -> Option<Vec<PhotoRequest>> {
        let request = |index| PhotoRequest { index, framing: Framing::Middle };
        (number < 7).then(|| vec![request(number as usize), request(0)])
    }

    #[test]
    fn batches_come_as_asked_in_any_order() {
        let folder = TempDir::new().unwrap();
        let photos = write(folder.path());
        for threads in [1, 3] {
            let mut ahead = ReadAhead::new(&photos, [1, 1, 1], threads);
            for number in [0, 1, 2, 5, 1, 3, 3] {
                let expected = [10 * (number as u8 + 1), 10];
                assert_eq!(ahead.take(number, plan).unwrap(), expected, "{number}");
                assert!(ahead.pending.len() <= threads + 1);
            }
        }
    }

    #[test]
    fn a_bad_photo_is_an_error_when_its_batch_comes() {
        let folder = TempDir::new().unwrap();
        let mut ahead = ReadAhead::new(&write(folder.path()), [1, 1, 1], 2);
        assert_eq!(ahead.take(5, plan).unwrap(), [60, 10]);
        let error = ahead.take(6, plan).unwrap_err().to_string();
        assert!(error.contains("6.png"), "{error}");
        assert!(matches!(ahead.take(7, plan), Err(DatasetsError::NoSuchBatch { number: 7 })));
        // The threads go on after an error.
        assert_eq!(ahead.take(4, plan).unwrap(), [50, 10]);
    }
}
