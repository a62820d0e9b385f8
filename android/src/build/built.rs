use super::{Library, Program, Refusal, Route, Source};
use crate::error::AndroidError;
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Built {
    pub(crate) route: Route,
    pub(crate) target: &'static str,
    #[serde(flatten)]
    pub(crate) program: Program,
    pub(crate) refused: Vec<Refusal>,
}

/// Builds by `route`, or by the first route that works: a profiler that can load these libraries. What is up to date is not
/// built again: cargo sees to that.
///
/// The commands and cargo's own messages go to stderr.
pub(crate) fn build(
    source: &Source,
    route: Option<Route>,
    libraries: &[Library],
) -> Result<Built, AndroidError> {
    let ((plan, program), refused) = first(route, |route, refused| {
        let plan = route.plan(libraries)?;
        refused.iter().for_each(|refusal| profiler::note!("not by {refusal}"));
        profiler::note!("building by {route}, for {}:\n{}", plan.target, plan.commands());
        let program = plan.carry_out(source)?;
        Ok((plan, program))
    })?;
    Ok(Built { route: plan.route, target: plan.target, program, refused })
}

/// What the first route that works gives, and why those before it do not work.
pub(crate) fn first<T>(
    route: Option<Route>,
    mut attempt: impl FnMut(Route, &[Refusal]) -> Result<T, Refusal>,
) -> Result<(T, Vec<Refusal>), AndroidError> {
    let mut refused = Vec::new();
    for route in route.map_or(Route::ALL.to_vec(), |route| vec![route]) {
        match attempt(route, &refused) {
            Ok(found) => return Ok((found, refused)),
            Err(refusal) => refused.push(refusal),
        }
    }
    Err(AndroidError::NoRoute { refusals: refused.iter().map(Refusal::to_string).collect() })
}
