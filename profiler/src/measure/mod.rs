//! Trustworthy timings on a machine that drifts, pre-empts and caches.
//!
//! [`measure`] goes round-robin over all subjects in turns, in an order shuffled every round, and times a
//! fixed reference block in between. Everything it times lands in a [`History`], which is plain data: it can
//! be written out entry by entry, read back, and continued. [`summarise`] turns a history into latencies: the
//! machine's slowness is divided out, pre-empted samples and slow phases are left aside where there are others, and the mean
//! of the middle half of the turn medians is given with its confidence interval.
//!
//! Time, pre-emption, the reference, the eviction of caches and temperatures are parameters ([`Instruments`]), so that the
//! whole protocol is tested with a fake clock, and emulated runs cannot be mistaken for real ones.

mod clock;
mod contention;
mod density;
mod drift;
mod error;
mod evict;
mod few;
#[cfg(test)]
mod fixtures;
mod heat;
mod history;
mod instruments;
mod interval;
mod levels;
mod midmean;
mod modes;
mod processor;
mod progress;
mod protocol;
mod reference;
mod rival;
mod rounds;
mod slowdown;
mod stopping;
mod subject;
mod summary;
mod thermometer;
mod timing;
mod warm_up;

pub use clock::{Clock, ClockQuality, FakeClock, SystemClock};
pub use contention::{Contention, ContentionReport};
pub use drift::{CorrectedNs, Drift, DriftReport, RawNs};
pub use error::MeasureError;
pub use evict::CacheEvictor;
pub use few::Few;
pub use heat::{HeatLimits, HeatReport, Pause, PauseEnd, Temperatures};
pub use history::{Disturbed, Entry, History, NotStarted, Reading, Samples, Segment, Turn};
pub use instruments::Instruments;
pub use interval::{Interval, median, median_interval, quantile, upper_median};
pub use midmean::{mean_interval, midmean, midmean_interval};
pub use modes::Speed;
pub use processor::{KernelUsage, NeverPreempted, Processor, ThreadClock, Usage};
pub use progress::{LayerProgress, Observer, Outcome, Progress, Silent};
pub use protocol::{Protocol, ProtocolError};
pub use reference::ReferenceBlock;
pub use rival::Rival;
pub use rounds::measure;
pub use slowdown::{
    ModeReport, ReferenceLevel, SLOW_RATIO, calm_turns, drift_report, reference_levels, slower_than_known,
    speeds,
};
pub use subject::{FakeSubject, Subject, SubjectFailure};
pub use summary::{Status, SubjectSummary, Summary, summarise, summarise_at};
pub use thermometer::{DeviceThermometer, NoThermometer, Thermometer};
