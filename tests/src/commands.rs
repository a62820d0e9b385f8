//! Commands that a page shows.

/// Commands of all blocks that are for a shell, without what is said of them, in order; one that stands twice is given once.
pub fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("\n```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let lines = blocks.flat_map(|block| {
        let block = block.replace("\\\n", " ");
        block
            .lines()
            .map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned())
            .collect::<Vec<_>>()
    });
    let mut found: Vec<String> = Vec::new();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if !found.contains(&line) {
            found.push(line);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn commands_are_found_in_order_without_what_is_said_of_them() {
        let page = "a\n```sh\nsudo apt-get install adb   # said\n# said\n\nsearch run \\\n  -o b\n```\n```\nno\n```\n\n```sh\nc\n```\n```sh\nc\n```\n";
        assert_eq!(commands(page), ["sudo apt-get install adb", "search run    -o b", "c"]);
    }
}
