//! Commands that pages and `--help` show are such: the definitions that the programs read theirs by take each of them.

use clap::{Command, CommandFactory};
use std::fs;
use tailor_tests::{checkout, commands::commands, tracked};

fn programs() -> [Command; 4] {
    [
        profiler::cli::Cli::command(),
        predictor::cli::Cli::command(),
        search::cli::Cli::command(),
        android::cli::Cli::command(),
    ]
}

/// Calls of the programs in a shell's line, as words.
fn calls(line: &str) -> Vec<Vec<&str>> {
    let parts = line.split(" | ").flat_map(|line| line.split(" && "));
    let words = parts.map(|part| part.split_whitespace().take_while(|word| *word != ">").collect::<Vec<_>>());
    words
        .filter(|words| programs().iter().any(|program| words.first() == Some(&program.get_name())))
        .collect()
}

/// Why the program does not take the call, if it does not.
fn refusal(words: &[&str]) -> Option<String> {
    let program = programs().into_iter().find(|program| program.get_name() == words[0]).unwrap();
    let error = program.try_get_matches_from(words).err()?;
    Some(format!("{}: {error}", words.join(" ")))
}

/// Lines of examples in the help of a command and of all below it.
fn examples(command: &Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let own = help.lines().filter(|line| line.starts_with("  ")).map(|line| line.trim().to_owned());
    own.chain(command.get_subcommands().flat_map(examples)).collect()
}

fn assert_taken(lines: &[String], least: usize) {
    let calls: Vec<Vec<&str>> = lines.iter().flat_map(|line| calls(line)).collect();
    assert!(calls.len() >= least, "found only {calls:?}");
    let refusals: Vec<String> = calls.iter().filter_map(|words| refusal(words)).collect();
    assert!(refusals.is_empty(), "{}", refusals.join("\n"));
}

#[test]
fn commands_of_pages_are_taken() {
    let pages = tracked("*.md");
    let lines: Vec<String> =
        pages.iter().flat_map(|page| commands(&fs::read_to_string(checkout().join(page)).unwrap())).collect();
    assert_taken(&lines, 25);
}

#[test]
fn examples_of_help_are_taken() {
    assert_taken(&programs().iter().flat_map(examples).collect::<Vec<_>>(), 30);
}

#[test]
fn what_no_program_takes_is_refused() {
    assert_eq!(calls("cd a && profiler ops --space s | predictor fit - # x").len(), 2);
    assert!(refusal(&["profiler", "run", "--spaces", "s", "-o", "t.csv"]).unwrap().contains("--spaces"));
    assert!(refusal(&["predictor", "fit", "t.csv"]).unwrap().contains("--output"));
}
