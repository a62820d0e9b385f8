//! What `--help` says, and that every command has an example.

#![allow(clippy::unwrap_used, missing_docs)]

use assert_cmd::Command;

fn help(arguments: &[&str]) -> String {
    let mut search = Command::cargo_bin("search").unwrap();
    let shown = search.args(arguments).arg("--help").env_remove("COLUMNS").assert().success();
    String::from_utf8(shown.get_output().stdout.clone()).unwrap()
}

#[test]
fn every_command_has_an_example() {
    let commands =
        "run config derive front baseline train export verify convert study report bench full-size";
    for command in commands.split(' ') {
        let text = help(&[command]);
        assert!(text.contains(&format!("search {command} ")) && text.contains("Example:"), "{text}");
    }
}

#[test]
fn the_program_says_what_it_does() {
    insta::assert_snapshot!(help(&[]));
}

#[test]
fn a_search_says_what_can_be_set() {
    insta::assert_snapshot!(help(&["run"]));
}
