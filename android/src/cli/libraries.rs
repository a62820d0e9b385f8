use crate::build::{Library, Program};
use crate::error::AndroidError;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};
use profiler::backend::{KNOWN_BACKENDS, KnownBackend};
use std::path::PathBuf;

/// An option of the runtime's name for each that loads a library.
#[derive(Clone, Debug, Default)]
pub(super) struct LibraryArgs(Vec<(&'static KnownBackend, PathBuf)>);

impl LibraryArgs {
    pub(super) fn has(&self, runtime: &KnownBackend) -> bool {
        self.0.iter().any(|(known, _)| known.name == runtime.name)
    }

    pub(super) fn inspect(&self) -> Result<Vec<Library>, AndroidError> {
        let inspect = |(runtime, path): &(&'static KnownBackend, PathBuf)| {
            let Program { path, c_library, .. } = Program::inspect(path.clone())?;
            let Some(made_for) = c_library else {
                let (name, path, title) = (runtime.name, path.display(), runtime.title);
                let text = format!("--{name} {path}: it needs no C library, as {title}'s does");
                return Err(AndroidError::Usage(text));
            };
            Ok(Library { runtime, path, made_for })
        };
        self.0.iter().map(inspect).collect()
    }
}

impl Args for LibraryArgs {
    fn augment_args(command: Command) -> Command {
        command.args(KNOWN_BACKENDS.iter().filter_map(|known| {
            let from = known.library?.for_phones;
            let help =
                format!("{}'s library for arm64, {from}: the profiler is built to load it", known.title);
            let option = Arg::new(known.name).long(known.name).value_name("LIB.so").help(help);
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
        let given =
            loading.filter_map(|known| Some((known, matches.get_one::<PathBuf>(known.name)?.clone())));
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(Self::from_arg_matches(matches)?.0);
        Ok(())
    }
}
