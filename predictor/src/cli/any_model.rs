//! A model file of either format.

use std::path::Path;

use profiler::{
    measure::Speed,
    record::{Conditions, ReadError, Row},
};

use crate::{
    device::{Evaluation, LatencyModel, Scoring, Unanswered},
    error::PredictorError,
    nasbench201::CellModelFile,
};

/// A model of ops and networks, or of NAS-Bench-201 networks.
pub(super) enum AnyModel {
    Ops(Box<LatencyModel>),
    Cells(Box<CellModelFile>),
}

impl AnyModel {
    pub(super) fn read(path: &Path) -> Result<Self, PredictorError> {
        match LatencyModel::read(path) {
            Ok(model) => Ok(Self::Ops(Box::new(model))),
            // A file that is neither is best called no latency model.
            Err(PredictorError::Read(format @ ReadError::Format { .. })) => match CellModelFile::read(path) {
                Ok(model) => Ok(Self::Cells(Box::new(model))),
                Err(ReadError::Format { .. }) => Err(format.into()),
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error),
        }
    }

    pub(super) fn conditions(&self) -> &Conditions {
        match self {
            Self::Ops(model) => model.conditions(),
            Self::Cells(model) => &model.conditions,
        }
    }

    pub(super) fn speed(&self) -> Option<Speed> {
        match self {
            Self::Ops(model) => model.speed(),
            Self::Cells(_) => None,
        }
    }

    pub(super) fn evaluate(&self, rows: &[Row], scoring: Scoring) -> Result<Evaluation, PredictorError> {
        match self {
            Self::Ops(model) => model.evaluate(rows, scoring),
            Self::Cells(model) => model.evaluate(rows, scoring),
        }
    }

    /// Of the rows that it can answer; and those that it cannot.
    pub(super) fn evaluate_known(
        &self,
        rows: &[Row],
        scoring: Scoring,
    ) -> Result<(Evaluation, Unanswered), PredictorError> {
        match self {
            Self::Ops(model) => model.evaluate_known(rows, scoring),
            // Cells are made of one set of operations, all of which any model knows.
            Self::Cells(model) => Ok((model.evaluate(rows, scoring)?, Unanswered::default())),
        }
    }
}
