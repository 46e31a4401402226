//! How a name may be written: its words, and the scope before or behind it.

use crate::group::Scope;

/// The words that stand for a scope where people put one before a name or behind it. Longer phrases come first.
const SCOPE_PHRASES: &[(&[&str], Scope)] = &[
    (&["all", "zones"], Scope::Zone),
    (&["all", "accounts"], Scope::Account),
    (&["all", "buckets"], Scope::Bucket),
    (&["r2", "bucket"], Scope::Bucket),
    (&["flagship", "app"], Scope::FlagshipApp),
    (&["zone"], Scope::Zone),
    (&["zones"], Scope::Zone),
    (&["domain"], Scope::Zone),
    (&["account"], Scope::Account),
    (&["accounts"], Scope::Account),
    (&["user"], Scope::User),
    (&["bucket"], Scope::Bucket),
];

/// The scopes whose resource keys may stand before or behind a name; a key comes before those that it begins with.
const KEYED: [Scope; 5] = [Scope::FlagshipApp, Scope::Zone, Scope::Account, Scope::User, Scope::Bucket];

/// The words that say how much a group allows; in all names but a few the last one.
const LEVELS: &[&str] = &["read", "write", "revoke", "run", "purge", "report", "send", "bind", "admin", "evaluate"];

/// One way to read a text: the words of a name, perhaps at a scope.
#[derive(Debug, Clone)]
pub(crate) struct Reading<'a> {
    pub(crate) scope: Option<Scope>,
    pub(crate) words: Vec<&'a str>,
}

/// The words of a name: what stands between punctuation, with the dashboard's `Edit` as the API's `write`. Case is kept.
pub(crate) fn words(name: &str) -> impl Iterator<Item = &str> + Clone {
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| if word.eq_ignore_ascii_case("edit") { "write" } else { word })
}

/// Whether a word says how much a group allows.
pub(crate) fn is_level(word: &str) -> bool {
    LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word))
}

/// The words of a name without the one that says how much the group allows: the last one, or else the first that is
/// `read` or `write`, as in `Packet Captures - Read PCAPs API`.
pub(crate) fn stem(name: &str) -> Vec<&str> {
    let mut stem: Vec<&str> = words(name).collect();
    let last = stem.len().saturating_sub(1);
    let plain = |word: &&str| word.eq_ignore_ascii_case("read") || word.eq_ignore_ascii_case("write");
    match stem.last().is_some_and(|word| is_level(word)) {
        true => stem.truncate(last),
        false => {
            if let Some(at) = stem.iter().position(plain) {
                stem.remove(at);
            }
        }
    }
    stem
}

/// Whether the name consists of these words, whatever their case.
pub(crate) fn spells(name: &str, given: &[&str]) -> bool {
    // Most names differ in the first letter: no word has to be cut out to see it.
    let first = |text: &str| text.bytes().next().map(|byte| byte.to_ascii_lowercase());
    let differs = given.first().is_some_and(|word| first(word) != first(name) && *word != "write");
    let mut given = given.iter();
    !differs
        && words(name).all(|word| given.next().is_some_and(|given| given.eq_ignore_ascii_case(word)))
        && given.next().is_none()
}

/// The ways in which a text can be read, the most literal first: as a name, as a name behind its scope, as one before
/// its scope, and each of these with the level in front (`Read DNS`).
pub(crate) fn readings(text: &str) -> impl Iterator<Item = Reading<'_>> {
    let mut readings = Vec::with_capacity(6);
    let (key, before, behind) = without_key(text);
    let given: Vec<&str> = words(before).chain(words(behind)).collect();
    match key {
        // `com.cloudflare.api.account.zone Settings Write` names Zone Settings Write.
        Some(scope) => {
            let behind_word = std::iter::once(scope.word()).chain(given.iter().copied()).collect();
            readings.push(Reading { scope: Some(scope), words: given.clone() });
            readings.push(Reading { scope: Some(scope), words: behind_word });
        }
        None => readings.push(Reading { scope: None, words: given.clone() }),
    }
    for (phrase, scope) in SCOPE_PHRASES {
        let agreed = key.is_none_or(|key| key == *scope);
        for rest in [without_first(&given, phrase), without_last(&given, phrase)].into_iter().flatten() {
            if agreed && !rest.is_empty() {
                readings.push(Reading { scope: Some(*scope), words: rest.to_vec() });
            }
        }
    }
    let turned: Vec<_> = readings.iter().filter_map(Reading::with_the_level_last).collect();
    readings.into_iter().chain(turned)
}

impl Reading<'_> {
    fn with_the_level_last(&self) -> Option<Self> {
        let (level, name) = self.words.split_first()?;
        let turned = name.iter().chain([level]).copied().collect();
        (is_level(level) && !name.is_empty()).then_some(Self { scope: self.scope, words: turned })
    }
}

fn without_first<'t, 'a>(given: &'t [&'a str], phrase: &[&str]) -> Option<&'t [&'a str]> {
    let (first, rest) = given.split_at_checked(phrase.len())?;
    alike(first, phrase).then_some(rest)
}

fn without_last<'t, 'a>(given: &'t [&'a str], phrase: &[&str]) -> Option<&'t [&'a str]> {
    let (rest, last) = given.split_at_checked(given.len().checked_sub(phrase.len())?)?;
    alike(last, phrase).then_some(rest)
}

fn alike(given: &[&str], phrase: &[&str]) -> bool {
    given.len() == phrase.len() && given.iter().zip(phrase).all(|(given, word)| given.eq_ignore_ascii_case(word))
}

/// Takes the key of a resource, or of a type of resources, out of a text: the scope, and what stands around it.
fn without_key(text: &str) -> (Option<Scope>, &str, &str) {
    for scope in KEYED {
        let Some(at) = position(text, scope.key()) else { continue };
        let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
        let behind = rest.get(scope.key().len()..).unwrap_or_default();
        // `com.cloudflare.api.accounts` is another word.
        if behind.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        return (Some(scope), before, without_resource(behind));
    }
    (None, text, "")
}

/// Where `key` stands in `text`, whatever the case.
fn position(text: &str, key: &str) -> Option<usize> {
    text.as_bytes().windows(key.len()).position(|window| window.eq_ignore_ascii_case(key.as_bytes()))
}

/// What follows the name of the one resource behind its type: `.<32 digits>`, `.<32 digits>_default_bucket`, `.*`.
fn without_resource(behind: &str) -> &str {
    const DIGITS: usize = 32;
    let Some(name) = behind.strip_prefix('.') else { return behind };
    let end = name.find(|c: char| c.is_whitespace() || ":>/\"'`,;)".contains(c)).unwrap_or(name.len());
    let (name, rest) = name.split_at_checked(end).unwrap_or((name, ""));
    let is_resource = name == "*"
        || name.get(..DIGITS).is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()))
            && name.get(DIGITS..).is_some_and(|bucket| bucket.is_empty() || bucket.starts_with('_'));
    if is_resource { rest } else { behind }
}
