//! A model file of either format.

use std::path::Path;

use profiler::measure::Speed;
use profiler::record::{Conditions, ReadError, Row};

use crate::device::{Evaluation, LatencyModel, Scoring, Unanswered};
use crate::error::PredictorError;
use crate::nasbench201::CellModelFile;
use crate::whole::WholeModelFile;

/// A model of ops and networks, of NAS-Bench-201 networks, or of whole networks of another space.
pub(super) enum AnyModel {
    Ops(Box<LatencyModel>),
    Cells(Box<CellModelFile>),
    Whole(Box<WholeModelFile>),
}

impl AnyModel {
    pub(super) fn read(path: &Path) -> Result<Self, PredictorError> {
        match LatencyModel::read(path) {
            Ok(model) => Ok(Self::Ops(Box::new(model))),
            // A file that is neither is best called no latency model.
            Err(PredictorError::Read(format @ ReadError::Format { .. })) => match CellModelFile::read(path) {
                Ok(model) => Ok(Self::Cells(Box::new(model))),
                Err(ReadError::Format { .. }) => match WholeModelFile::read(path) {
                    Ok(model) => Ok(Self::Whole(Box::new(model))),
                    Err(ReadError::Format { .. }) => Err(format.into()),
                    Err(error) => Err(error.into()),
                },
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error),
        }
    }

    pub(super) fn conditions(&self) -> &Conditions {
        match self {
            Self::Ops(model) => model.conditions(),
            Self::Cells(model) => &model.conditions,
            Self::Whole(model) => &model.conditions,
        }
    }

    pub(super) fn speed(&self) -> Option<Speed> {
        match self {
            Self::Ops(model) => model.speed(),
            Self::Cells(_) | Self::Whole(_) => None,
        }
    }

    pub(super) fn evaluate(&self, rows: &[Row], scoring: Scoring) -> Result<Evaluation, PredictorError> {
        match self {
            Self::Ops(model) => model.evaluate(rows, scoring),
            Self::Cells(model) => model.evaluate(rows, scoring),
            Self::Whole(model) => model.evaluate(rows, scoring),
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
            // Whatever such networks are made of, a model has an answer.
            Self::Cells(model) => Ok((model.evaluate(rows, scoring)?, Unanswered::default())),
            Self::Whole(model) => Ok((model.evaluate(rows, scoring)?, Unanswered::default())),
        }
    }
}
