use super::{Library, Program, Refusal, Route, Source};
use crate::error::AndroidError;
use serde::Serialize;

/// A profiler that was built, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Built {
    /// The route that worked.
    pub route: Route,
    /// Rust's name for the kind of program.
    pub target: &'static str,
    /// The program.
    #[serde(flatten)]
    pub program: Program,
    /// Why the routes before it were not taken.
    pub refused: Vec<Refusal>,
}

/// Builds by `route`, or by the first route that works: a profiler that can load these libraries. What is up to date is not
/// built again: cargo sees to that.
///
/// The commands and cargo's own messages go to stderr.
///
/// # Errors
/// [`AndroidError::NoRoute`] with every route's reason.
pub fn build(source: &Source, route: Option<Route>, libraries: &[Library]) -> Result<Built, AndroidError> {
    let mut refused = Vec::new();
    for route in route.map_or(Route::ALL.to_vec(), |route| vec![route]) {
        match attempt(source, route, libraries, &refused) {
            Ok((target, program)) => return Ok(Built { route, target, program, refused }),
            Err(refusal) => refused.push(refusal),
        }
    }
    Err(AndroidError::NoRoute { refusals: refused.iter().map(Refusal::to_string).collect() })
}

fn attempt(
    source: &Source,
    route: Route,
    libraries: &[Library],
    refused: &[Refusal],
) -> Result<(&'static str, Program), Refusal> {
    let plan = route.plan(libraries)?;
    for refusal in refused {
        profiler::note!("not by {refusal}");
    }
    profiler::note!("building by {route}, for {}:\n{}", plan.target, plan.commands());
    Ok((plan.target, plan.carry_out(source)?))
}
