//! Links in the project's pages lead somewhere.

use std::{collections::BTreeSet, fs, path::Path};
use tailor_tests::{checkout, tracked};

#[test]
fn links_lead_to_files_and_headings_that_exist() {
    let mut lost = Vec::new();
    let pages = tracked("*.md");
    assert!(pages.len() > 10, "found only {pages:?}");
    for page in pages {
        let text = fs::read_to_string(checkout().join(&page)).unwrap();
        for link in links(&text) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(&page).parent().unwrap();
            let target =
                if file.is_empty() { checkout().join(&page) } else { checkout().join(folder).join(file) };
            let leads = match fs::read_to_string(&target) {
                Ok(_) if heading.is_empty() => true,
                Ok(text) => headings(&text).contains(heading),
                Err(_) => heading.is_empty() && target.is_dir(),
            };
            if !leads {
                lost.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(lost.is_empty(), "links that lead nowhere:\n{}", lost.join("\n"));
}

/// Targets of `[text](target)` within the project.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).collect()
}

/// As GitHub calls them: lower case, spaces as hyphens, without punctuation.
fn headings(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let slug = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        kept.chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    headings.map(slug).collect()
}

#[test]
fn headings_are_called_as_on_github() {
    assert_eq!(headings("# A b, c: d_e!\ntext\n## x-1"), BTreeSet::from(["a-b-c-d_e".into(), "x-1".into()]));
    assert_eq!(links("see [a](b.md#c) and [d](https://e.f)"), ["b.md#c"]);
}
