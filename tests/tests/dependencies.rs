//! Dependencies are what `deny.toml` allows: their licences, where they come from, and which there must not be.

use cargo_metadata::{MetadataCommand, Package};
use std::fs;
use tailor_tests::checkout;
use toml::Table;

/// The strings in a list of a table of `deny.toml`.
fn list(settings: &Table, table: &str, name: &str) -> Vec<String> {
    let list = settings[table][name].as_array().unwrap();
    list.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

/// Whether an SPDX expression can be met with these licences; in doubt, as with "or" around "and", it cannot.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let name = |licence: &str| licence.trim_matches([' ', '(', ')']).to_owned();
    expression
        .split(" AND ")
        .all(|part| part.replace('/', " OR ").split(" OR ").any(|licence| allowed.contains(&name(licence))))
}

#[test]
fn dependencies_are_those_that_are_allowed() {
    let text = fs::read_to_string(checkout().join("deny.toml")).unwrap();
    let settings: Table = toml::from_str(&text).unwrap();
    let licences = list(&settings, "licenses", "allow");
    let sources = list(&settings, "sources", "allow-registry");
    let banned = list(&settings, "bans", "deny");
    let here = ["--locked", "--filter-platform", "x86_64-unknown-linux-gnu"].map(str::to_owned);
    let metadata =
        MetadataCommand::new().current_dir(checkout()).other_options(Vec::from(here)).exec().unwrap();
    assert!(metadata.packages.len() > 100, "found only {}", metadata.packages.len());
    let wrong = |package: &Package| {
        let licence = package.license.as_deref().unwrap_or("unknown");
        let source = package.source.as_ref().map(ToString::to_string);
        let from_elsewhere =
            source.as_ref().is_some_and(|source| !sources.iter().any(|allowed| source.ends_with(allowed)));
        let banned = banned.iter().any(|name| name == package.name.as_str());
        (!is_met(licence, &licences) || from_elsewhere || banned)
            .then(|| format!("{} {}: {licence}, {source:?}", package.name, package.version))
    };
    let wrong: Vec<String> = metadata.packages.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "not allowed by deny.toml:\n{}", wrong.join("\n"));
}

#[test]
fn licences_are_read_as_they_are_written() {
    let allowed = ["MIT", "Zlib"].map(str::to_owned);
    for (expression, met) in [
        ("Apache-2.0 OR MIT", true),
        ("Unlicense/MIT", true),
        ("(MIT OR Apache-2.0) AND Zlib", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", false),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("GPL-3.0", false),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
}
