//! What a program said when it failed, in a form that can be shown: short, escaped, and without values.

/// What stands for what must not be shown.
const HIDDEN: &str = "[hidden]";
/// The most characters of a program's words that are shown.
const SHOWN: usize = 240;
/// The longest run of a credential's characters that is shown of anything: ids have 32, UUIDs 36.
const LONGEST: usize = 36;
/// So many characters of a value tell something of it.
const TELLING: usize = 8;

/// The last lines of the text, without the values and without whatever looks like one.
pub(super) fn last_words(text: &str, hidden: &[&str]) -> String {
    let text = without_values(text, hidden);
    let said: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = said[said.len().saturating_sub(3)..].join(" / ");
    let last = without_long_runs(&last);
    let count = last.chars().count();
    let cut: String = last.chars().skip(count.saturating_sub(SHOWN)).collect();
    let plain: String = cut.chars().flat_map(plain).collect();
    if count > SHOWN { format!("…{plain}") } else { plain }
}

/// The character, or its escape if it could move a terminal's cursor or reverse its text.
fn plain(c: char) -> Vec<char> {
    match c {
        '"' | '\'' | '\\' => vec![c],
        c => c.escape_debug().collect(),
    }
}

/// The text without the values and without longer parts of them.
fn without_values(text: &str, hidden: &[&str]) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut covered = vec![false; chars.len()];
    for value in hidden.iter().filter(|value| !value.is_empty()) {
        let width = value.chars().count().min(TELLING);
        for at in 0..(chars.len() + 1).saturating_sub(width) {
            let window: String = chars[at..at + width].iter().collect();
            if value.contains(&window) {
                covered[at..at + width].fill(true);
            }
        }
    }
    let mut out = String::with_capacity(text.len());
    for (at, c) in chars.iter().enumerate() {
        match covered[at] {
            false => out.push(*c),
            true if at == 0 || !covered[at - 1] => out.push_str(HIDDEN),
            true => {}
        }
    }
    out
}

fn without_long_runs(text: &str) -> String {
    let in_run = |c: char| c.is_ascii_alphanumeric() || "_-+=".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (run, behind) = rest.split_at(rest.find(|c| !in_run(c)).unwrap_or(rest.len()));
        out.push_str(if run.len() > LONGEST { HIDDEN } else { run });
        let (gap, next) = behind.split_at(behind.find(in_run).unwrap_or(behind.len()));
        out.push_str(gap);
        rest = next;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::last_words;

    #[test]
    fn values_and_parts_of_them_are_hidden() {
        let value = format!("cfut_{}", "Ab1x".repeat(12));
        let said = |text: &str| last_words(text, &[&value]);
        assert_eq!(said(&format!("bad value {value}!")), "bad value [hidden]!");
        assert_eq!(said(&format!("bad: {}…", &value[..12])), "bad: [hidden]…");
        assert_eq!(said(&format!("bad: {}\n{}", &value[..30], &value[30..])), "bad: [hidden] / [hidden]");
        assert_eq!(said(&"Zz9_".repeat(10)), "[hidden]");
        assert_eq!(
            said("HTTP 404: Not Found (https://api.github.com/x)"),
            "HTTP 404: Not Found (https://api.github.com/x)"
        );
        assert_eq!(last_words("é short s3é", &["s3"]), "é short [hidden]é");
    }

    #[test]
    fn words_are_short_and_move_no_cursor() {
        assert_eq!(last_words("one\ntwo\n\nthree\nfour \u{1b}[2J\n", &[]), "two / three / four \\u{1b}[2J");
        let long = last_words(&"word ".repeat(200), &[]);
        assert!(long.starts_with('…') && long.chars().count() <= 241, "{long}");
    }
}
