use std::error::Error;

/// An error and its causes as one line, the way all of Tailor's programs print it.
///
/// A cause that the line names already is left out: some errors name their cause themselves. Line breaks become spaces.
pub fn explain(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let words = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            line = words;
        } else if !line.contains(&words) {
            line = format!("{line}: {words}");
        }
        next = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[derive(Debug, thiserror::Error)]
    enum Layered {
        #[error("cannot read x: {0}")]
        Telling(#[source] io::Error),
        #[error("cannot read x")]
        Silent(#[source] io::Error),
        #[error("in the\n  sweep")]
        Outer(#[source] Box<Layered>),
    }

    #[test]
    fn each_cause_is_told_once() {
        let cause = || io::Error::other("disk gone");
        assert_eq!(explain(&Layered::Telling(cause())), "cannot read x: disk gone");
        assert_eq!(explain(&Layered::Silent(cause())), "cannot read x: disk gone");
        let outer = Layered::Outer(Box::new(Layered::Telling(cause())));
        assert_eq!(explain(&outer), "in the sweep: cannot read x: disk gone");
    }
}
