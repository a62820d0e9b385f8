use crate::error::AndroidError;
use crate::job::{Arguments, Word};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, CommandFactory, FromArgMatches, ValueHint};
use profiler::backend::KnownBackend;
use std::{ffi::OsString, io::Read, path::Path};
use tempfile::TempDir;

/// Those that `android profile` gives itself; libraries it takes in a way of its own.
const NOT_THESE: [&str; 3] = ["output", "json", "progress"];

/// What was given of the arguments that `profiler run` takes; it defines, explains and checks them.
#[derive(Clone, Debug, Default)]
pub(super) struct Forwarded {
    given: Vec<Given>,
}

#[derive(Clone, Debug)]
struct Given {
    option: String,
    value: Option<OsString>,
    is_path: bool,
}

fn arguments_of_run() -> Vec<Arg> {
    let profiler = profiler::cli::Cli::command();
    let run = profiler.find_subcommand("run").into_iter();
    let all = run.flat_map(Command::get_arguments);
    let is_forwarded = |id: &str| !NOT_THESE.contains(&id) && KnownBackend::of(id).is_none();
    all.filter(|argument| is_forwarded(argument.get_id().as_str())).cloned().collect()
}

impl Args for Forwarded {
    fn augment_args(command: Command) -> Command {
        command.args(arguments_of_run())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Forwarded {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Vec::new();
        for argument in arguments_of_run() {
            let id = argument.get_id().as_str();
            let Some(name) = argument.get_long() else { continue };
            if matches.value_source(id) != Some(ValueSource::CommandLine) {
                continue;
            }
            let option = format!("--{name}");
            if matches!(argument.get_action(), ArgAction::SetTrue) {
                given.push(Given { option, value: None, is_path: false });
                continue;
            }
            let is_path = argument.get_value_hint() == ValueHint::AnyPath;
            for value in matches.get_raw(id).into_iter().flatten() {
                given.push(Given { option: option.clone(), value: Some(value.to_owned()), is_path });
            }
        }
        Ok(Self { given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Forwarded {
    pub(super) fn has(&self, option: &str, value: &str) -> bool {
        self.given
            .iter()
            .any(|given| given.option == option && given.value.as_deref() == Some(value.as_ref()))
    }

    /// Them, with files to be sent. What `-` stands for is read from stdin into a file of the folder that comes with
    /// them, which is to be kept until the job is done.
    ///
    /// # Errors
    /// [`AndroidError::Unusable`] if stdin cannot be read or kept.
    pub(super) fn arguments(&self) -> Result<(Arguments, Option<TempDir>), AndroidError> {
        let (mut arguments, mut kept) = (Arguments::new(), None);
        for Given { option, value, is_path } in &self.given {
            let Some(value) = value else {
                arguments.text([option.clone()]);
                continue;
            };
            let text = value.to_string_lossy();
            // A space is a name or a file, as the profiler distinguishes them.
            let is_file = *is_path || (option == "--space" && text.ends_with(".toml"));
            let word = if *is_path && text == "-" {
                let folder = keep_stdin()?;
                let file = folder.path().join("stdin");
                kept = Some(folder);
                Word::Input(file)
            } else if is_file {
                Word::Input(value.into())
            } else {
                Word::Text(text.into_owned())
            };
            arguments.option(option, word);
        }
        Ok((arguments, kept))
    }
}

/// Stdin as the file `stdin` of a folder.
fn keep_stdin() -> Result<TempDir, AndroidError> {
    const MOST_BYTES: u64 = 1 << 26;
    let unusable = |reason| AndroidError::Unusable { path: Path::new("-").into(), reason };
    let mut text = Vec::new();
    std::io::stdin().take(MOST_BYTES + 1).read_to_end(&mut text).map_err(unusable)?;
    if text.len() as u64 > MOST_BYTES {
        let reason = format!("it holds more than {MOST_BYTES} bytes, far more than a list of ops");
        return Err(unusable(std::io::Error::other(reason)));
    }
    let folder = tempfile::tempdir().map_err(unusable)?;
    std::fs::write(folder.path().join("stdin"), text).map_err(unusable)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<String, clap::Error> {
        let command = Forwarded::augment_args(Command::new("profile"));
        let matches = command.try_get_matches_from([&["profile"], words].concat())?;
        let (arguments, _) = Forwarded::from_arg_matches(&matches)?.arguments().unwrap();
        Ok(arguments.for_phone("/F").unwrap())
    }

    #[test]
    fn what_is_given_is_passed_on_and_nothing_else() {
        assert_eq!(parse(&[]).unwrap(), "");
        let given = parse(&[
            "--seed",
            "3",
            "--space",
            "my space.toml",
            "--no-ops",
            "--onnx=a.onnx",
            "--onnx",
            "b.onnx",
        ]);
        // In the order in which `profiler run` has them.
        assert_eq!(
            given.unwrap(),
            "'--space' '/F/in0/my space.toml' '--no-ops' '--onnx' '/F/in1/a.onnx' '--onnx' '/F/in2/b.onnx' '--seed' '3'"
        );
        let named = parse(&["--space", "proxylessnas-small", "--width", "0.5"]).unwrap();
        assert_eq!(named, "'--space' 'proxylessnas-small' '--width' '0.5'");
    }

    #[test]
    fn what_the_profiler_refuses_is_refused_before_a_phone_is_asked() {
        assert!(parse(&["--threads", "many"]).unwrap_err().to_string().contains("many"));
        assert!(parse(&["--no-ops"]).unwrap_err().to_string().contains("--space"));
        assert!(parse(&["--progress", "lines"]).is_err(), "it is given by this program");
    }
}
