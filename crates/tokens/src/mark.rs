//! Marked names: what a token is called while its value is on its way.

/// The longest name that Cloudflare takes, and what the mark adds to it.
const LONGEST_NAME: usize = 120;
const MARK: usize = " (pending 01234567)".len();

/// The name with a mark that no other token has.
pub(crate) fn marked(name: &str) -> String {
    let mark = getrandom::u32().unwrap_or_else(|_| std::process::id());
    format!("{} (pending {mark:08x})", shortened(name))
}

/// Whether `name` is what a token is called while the value of a token `wanted` is on its way. Where no run is under way
/// any more, nobody has that value.
#[must_use]
pub fn is_pending_for(wanted: &str, name: &str) -> bool {
    pending(name) == Some(&shortened(wanted))
}

/// The name that a marked name stands for, cut where the mark needed room; `None` for a name without a mark.
#[must_use]
pub fn pending(name: &str) -> Option<&str> {
    let (start, mark) = name.rsplit_once(" (pending ")?;
    let mark = mark.strip_suffix(')')?;
    let is_mark = mark.len() == 8 && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_mark.then_some(start)
}

/// As much of the name as leaves room for the mark.
fn shortened(name: &str) -> String {
    name.chars().take(LONGEST_NAME - MARK).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_name_is_never_too_long_and_never_the_same() {
        let long = "x".repeat(LONGEST_NAME);
        assert_eq!(marked(&long).len(), LONGEST_NAME);
        assert!(marked("ci").starts_with("ci (pending "));
        assert_ne!(marked("ci"), marked("ci"));
    }

    #[test]
    fn a_marked_name_is_known_by_the_name_that_was_wanted() {
        let long = "x".repeat(LONGEST_NAME);
        assert!(is_pending_for("ci", &marked("ci")) && is_pending_for(&long, &marked(&long)));
        assert_eq!(pending(&marked("ci")), Some("ci"));
        for other in ["ci", "ci (pending)", "ci (pending 0123)", &marked("ci-prod"), &marked("c")] {
            assert!(!is_pending_for("ci", other), "{other}");
        }
    }
}
