//! How alike two words are.

/// How well `word` stands among the words of a name, in per cent, and at which of them. Both in any case.
pub(super) fn likeness(word: &str, held: &[&str]) -> (u32, Option<usize>) {
    let mut best = (0, None);
    for (at, name) in held.iter().enumerate() {
        let alike = of_two(word, name);
        if alike > best.0 {
            best = (alike, Some(at));
        }
    }
    // Two words of the name as one: `loadbalancer`.
    if best.0 == 0 && word.len() > 5 {
        let joined = held.windows(2).position(|pair| same(word, &pair.concat()));
        return (joined.map_or(0, |_| 85), joined);
    }
    best
}

/// Whether two words are the same but for case and number.
pub(super) fn same(one: &str, other: &str) -> bool {
    let first = |word: &str| word.bytes().next().map(|byte| byte.to_ascii_lowercase());
    // Most words differ in the first letter.
    first(one) == first(other)
        && (one.eq_ignore_ascii_case(other)
            || singular(&one.to_ascii_lowercase()) == singular(&other.to_ascii_lowercase()))
}

fn of_two(word: &str, name: &str) -> u32 {
    if word.eq_ignore_ascii_case(name) {
        return 100;
    }
    let begins = |text: &str, with: &str| {
        with.len() > 1 && text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    let (shorter, longer) = (word.len().min(name.len()) as u32, word.len().max(name.len()) as u32);
    if begins(name, word) || begins(word, name) && word.len() <= name.len() + 3 {
        return if same(word, name) { 96 } else { 60 + 30 * shorter / longer };
    }
    if longer - shorter > 3 || word.len() < 4 || name.len() < 3 {
        return 0;
    }
    let name = name.to_ascii_lowercase();
    if same(word, &name) {
        return 96;
    }
    let wrong = strsim::osa_distance(word, &name) as u32;
    let allowed = match word.len() {
        4 | 5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    if wrong <= allowed { 85 - 8 * wrong } else { 0 }
}

fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    match word.strip_suffix("sses") {
        Some(stem) => format!("{stem}ss"),
        None if word.ends_with("ss") => word.to_owned(),
        None => word.strip_suffix('s').unwrap_or(word).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_alike_in_their_order() {
        let alike = |word, name| likeness(word, &[name]).0;
        assert_eq!(alike("dns", "DNS"), 100);
        assert_eq!(alike("policy", "Policies"), 96);
        assert_eq!(alike("address", "Addresses"), 96);
        assert!(alike("rout", "Routes") > alike("ro", "Routes"));
        assert!(alike("wrokers", "Workers") > 60 && alike("scrpts", "Scripts") > 60);
        assert_eq!(alike("dns", "ddos"), 0);
        assert_eq!(alike("queue", "images"), 0);
        assert_eq!(likeness("waitingroom", &["Zone", "Waiting", "Rooms"]), (85, Some(1)));
    }
}
