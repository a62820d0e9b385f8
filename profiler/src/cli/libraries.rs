//! Runtimes on the command line, and the libraries of those that are loaded when they are asked for.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};

use crate::backend::{BackendOptions, CostModel, KNOWN_BACKENDS, KnownBackend, MockNoise};

/// The default runtime.
pub(super) const DEFAULT: &str = KNOWN_BACKENDS[0].name;

/// Names of the runtimes, for help; `mock` is what is said of those that compute nothing, if they are named at all.
pub(super) fn names(mock: Option<&str>) -> String {
    let known = KNOWN_BACKENDS.iter().filter(|known| mock.is_some() || !known.is_emulated);
    let said = |known: &KnownBackend| match mock {
        Some(mock) if known.is_emulated => format!("{} ({mock})", known.name),
        _ => known.name.to_owned(),
    };
    let names: Vec<String> = known.map(said).collect();
    match &names[..] {
        [one, other] => format!("{one} or {other}"),
        [others @ .., last] => format!("{}, or {last}", others.join(", ")),
        [] => String::new(),
    }
}

/// Shared libraries of runtimes: an option of the runtime's name for each that loads one.
#[derive(Clone, Debug, Default)]
pub(super) struct LibraryArgs(BTreeMap<String, PathBuf>);

impl LibraryArgs {
    /// Whether a runtime has the library that it needs, if it needs one.
    pub(super) fn suffice(&self, known: &KnownBackend) -> bool {
        known.library.is_none() || self.0.contains_key(known.name)
    }

    /// With what a runtime is opened.
    pub(super) fn options(&self, mock: Option<(CostModel, MockNoise)>) -> BackendOptions {
        BackendOptions { libraries: self.0.clone(), mock }
    }

    /// They as words of a command line.
    pub(super) fn words(&self) -> Vec<OsString> {
        self.0.iter().flat_map(|(name, path)| [format!("--{name}").into(), path.into()]).collect()
    }
}

impl Args for LibraryArgs {
    fn augment_args(command: Command) -> Command {
        command.args(KNOWN_BACKENDS.iter().filter_map(|known| {
            let variable = known.library?.variable;
            let help = format!("{}'s shared library (or set {variable})", known.title);
            let option = Arg::new(known.name).long(known.name).value_name("LIB").env(variable).help(help);
            Some(option.value_parser(value_parser!(PathBuf)))
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for LibraryArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let loading = KNOWN_BACKENDS.iter().filter(|known| known.library.is_some());
        let given = loading.filter_map(|known| {
            let path: &PathBuf = matches.get_one(known.name)?;
            Some((known.name.to_owned(), path.clone()))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(Self::from_arg_matches(matches)?.0);
        Ok(())
    }
}
