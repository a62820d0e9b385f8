//! The file of a model of whole networks alone: JSON, one object.
//!
//! `format` and `version` are the model's. `conditions`, `tables`, `fitted_at`, `tool_version`, `fitted` and `held_out` as in a
//! latency model; `model` is the model itself.

use std::path::Path;

use profiler::record::{Conditions, ReadError, Row, read_architecture, read_document, write_document};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{FbNet, NoChoices, Space, WholeModel, WholeNetwork};
use crate::device::{Evaluation, Scoring};
use crate::error::{FitError, PredictorError};
use crate::interval::{Band, LogNormal};
use crate::learn::{Scored, Scores};
use crate::regressor::Contribution;
use crate::rows::{Measurements, Subjects, TableFacts};

/// A model of whole networks alone.
pub trait OfNetworks: Serialize + DeserializeOwned {
    /// A network of its space.
    type Network;
    /// Format of its file.
    const FORMAT: &'static str;
    /// Its version.
    const VERSION: u32;
    /// What its networks are called.
    const NETWORKS: &'static str;

    /// The network that a text names: as tables call it, or an architecture file.
    ///
    /// # Errors
    /// [`PredictorError::Subject`] or a file that cannot be read.
    fn network(&self, text: &str) -> Result<Self::Network, PredictorError>;
    /// The network of a row that is of one.
    fn network_of(&self, row: &Row) -> Option<Self::Network>;
    /// What a network is called.
    fn key(network: &Self::Network) -> String;
    /// The latency of a network.
    ///
    /// # Errors
    /// [`FitError::NoLatency`] if it would not be a positive number.
    fn latency(&self, network: &Self::Network) -> Result<LogNormal, FitError>;
    /// What its latency is made of.
    ///
    /// # Errors
    /// As [`Self::latency`].
    fn terms(&self, network: &Self::Network) -> Result<Vec<Contribution>, FitError>;
    /// Networks fitted on, the error of those left out, and its interval.
    fn quality(&self) -> (usize, Option<f64>, Band);
    /// Checks what types do not.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn check(&self) -> Result<(), String>;
}

impl OfNetworks for WholeModel {
    type Network = WholeNetwork;
    const FORMAT: &'static str = "tailor-whole-model";
    const VERSION: u32 = 2;
    const NETWORKS: &'static str = "network";

    fn network(&self, text: &str) -> Result<WholeNetwork, PredictorError> {
        match self.space {
            Space::FbNet => {
                let wrong = |wrong: NoChoices| PredictorError::Subject { reason: wrong.to_string() };
                text.parse::<FbNet>().map(|network| WholeNetwork::fbnet(&network)).map_err(wrong)
            }
            Space::Ops => Ok(WholeNetwork::of_ops(&read_architecture(Path::new(text))?)),
        }
    }

    fn network_of(&self, row: &Row) -> Option<WholeNetwork> {
        WholeNetwork::of_row(row, self.space)
    }

    fn key(network: &WholeNetwork) -> String {
        network.key.clone()
    }

    fn latency(&self, network: &WholeNetwork) -> Result<LogNormal, FitError> {
        self.predict(network)
    }

    fn terms(&self, network: &WholeNetwork) -> Result<Vec<Contribution>, FitError> {
        self.predict(network).map(|_| self.contributions(network))
    }

    fn quality(&self) -> (usize, Option<f64>, Band) {
        (self.rows, self.error, self.band)
    }

    fn check(&self) -> Result<(), String> {
        self.check_sizes()
    }
}

/// A model of whole networks with where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(bound = "")]
pub struct NetworksFile<M: OfNetworks> {
    /// Device, runtime, threads, processors and build target of the rows.
    pub conditions: Conditions,
    /// The tables.
    pub tables: Vec<TableFacts>,
    /// Version of the predictor.
    pub tool_version: String,
    /// When it was fitted, UTC, RFC 3339.
    pub fitted_at: String,
    /// Subjects fitted on.
    pub fitted: Subjects,
    /// Subjects kept from the fit.
    pub held_out: Subjects,
    /// The model.
    pub model: M,
}

impl<M: OfNetworks> NetworksFile<M> {
    /// A model with where it comes from.
    pub fn new(model: M, measurements: &Measurements, held_out: &Subjects) -> Self {
        Self {
            conditions: measurements.conditions.clone(),
            tables: measurements.tables.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            fitted_at: jiff::Timestamp::now().to_string(),
            fitted: Subjects::of(&measurements.rows).without(held_out),
            held_out: held_out.clone(),
            model,
        }
    }

    /// Reads a model.
    ///
    /// # Errors
    /// [`ReadError`] naming the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let file: Self = read_document(path, M::FORMAT, M::VERSION)?;
        let wrong = |reason| ReadError::Content { path: path.to_owned(), reason };
        file.model.check().map_err(wrong)?;
        Ok(file)
    }

    /// Writes the model, whole or not at all.
    ///
    /// # Errors
    /// [`PredictorError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), PredictorError> {
        Ok(write_document(path, M::FORMAT, M::VERSION, self)?)
    }

    /// Scores the model on rows.
    ///
    /// # Errors
    /// [`PredictorError::NothingToScore`] when no row qualifies or one has no answer.
    pub fn evaluate(&self, rows: &[Row], scoring: Scoring) -> Result<Evaluation, PredictorError> {
        let new = |row: &&Row| scoring == Scoring::AllSubjects || !self.fitted.contains(row);
        let mut scored = Vec::new();
        for row in rows.iter().filter(new) {
            let Some(network) = self.model.network_of(row) else { continue };
            let found = self.model.latency(&network);
            let found = found.map_err(|error| PredictorError::NothingToScore(error.to_string()))?;
            let factor = found.log_half_width.exp();
            scored.push(Scored {
                measured: row.latency_ms,
                predicted: found.ms,
                low: found.ms / factor,
                high: found.ms * factor,
            });
        }
        let advice = || {
            PredictorError::NothingToScore(format!(
                "the table has no {} that the model was not fitted on; fit it again with a fifth held out, give a \
                 table of other networks, or score those as well",
                M::NETWORKS
            ))
        };
        let network = Scores::of(&scored).ok_or_else(advice)?;
        Ok(Evaluation { op: None, network: Some(network) })
    }
}

/// The file of a [`WholeModel`].
pub type WholeModelFile = NetworksFile<WholeModel>;
