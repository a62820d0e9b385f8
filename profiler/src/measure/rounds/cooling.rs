//! Watching the temperature between turns, and pausing.

use super::Session;
use crate::measure::{Entry, HeatLimits, MeasureError, Pause, PauseEnd, Subject, Temperatures};

/// Temperatures are read at most so often, and so often while waiting.
const EVERY_NS: u64 = 1_000_000_000;

/// When the temperature was last read, and whether waiting was in vain.
#[derive(Default)]
pub(super) struct HeatWatch {
    last_ns: Option<u64>,
    /// A pause ended with the machine still hot: the next one is due only after it has been cool.
    gave_up: bool,
}

impl<S: Subject> Session<'_, S> {
    /// Reads the temperature when a second has passed, and pauses if it is too hot.
    ///
    /// The pause counts for no subject. The reference block closes the stretch before it, and is warmed up and timed
    /// again after it: the core's frequency has fallen meanwhile.
    pub(super) fn watch_heat(&mut self) -> Result<(), MeasureError> {
        let now_ns = self.now_ns();
        if self.heat_watch.last_ns.is_some_and(|last_ns| now_ns - last_ns < EVERY_NS) {
            return Ok(());
        }
        let temperatures = self.read_temperatures()?;
        let Some(limits) = self.protocol.heat else { return Ok(()) };
        if limits.cooled(&temperatures) {
            self.heat_watch.gave_up = false;
        }
        if self.heat_watch.gave_up || !limits.exceeded(&temperatures) {
            return Ok(());
        }
        self.read_reference()?;
        self.cool(&limits, temperatures)?;
        self.warm_up_reference()?;
        self.read_reference()
    }

    fn cool(&mut self, limits: &HeatLimits, mut temperatures: Temperatures) -> Result<(), MeasureError> {
        let at_ns = self.now_ns();
        let ended = loop {
            if limits.cooled(&temperatures) {
                break PauseEnd::Cooled;
            } else if self.interrupted().is_some() {
                break PauseEnd::Interrupted;
            } else if self.now_ns() - at_ns >= limits.longest_pause_ns {
                self.heat_watch.gave_up = true;
                break PauseEnd::StillHot;
            }
            self.observer.cooling(&temperatures, limits);
            self.instruments.thermometer.wait(EVERY_NS);
            temperatures = self.read_temperatures()?;
        };
        self.record(Entry::Pause(Pause { at_ns, took_ns: self.now_ns() - at_ns, ended }))
    }

    fn read_temperatures(&mut self) -> Result<Temperatures, MeasureError> {
        let now_ns = self.now_ns();
        self.heat_watch.last_ns = Some(now_ns);
        let temperatures = self.instruments.thermometer.read(now_ns);
        if !temperatures.is_empty() {
            self.record(Entry::Temperatures(temperatures))?;
        }
        Ok(temperatures)
    }
}
