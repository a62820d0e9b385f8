use profiler::record::read_document;
use tch::Device;

use super::{SearchSettings, SearchState};
use crate::{error::SearchError, folder::RunFolder};

pub(crate) fn read_finished(folder: &RunFolder) -> Result<(SearchSettings, SearchState), SearchError> {
    let settings: SearchSettings =
        read_document(&folder.settings(), SearchSettings::FORMAT, SearchSettings::VERSION)?;
    settings.check()?;
    settings.check_space(&settings.space.resolve()?)?;
    let mut state = SearchState::new(&settings, Device::Cpu)?;
    state.read(&folder.checkpoint())?;
    let (step, steps) = (state.step, settings.steps());
    if step < steps {
        return Err(SearchError::Unfinished { folder: folder.path().to_owned(), step, steps });
    }
    tch::set_num_threads(i32::try_from(settings.threads).unwrap_or(i32::MAX));
    Ok((settings, state))
}
