//! Which causes an answer admits: the rows of `catalogue/refusals.toml`, which says how they are read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::cause::Cause;
use crate::refusal::{Refusal, Said};

static TABLE: LazyLock<Vec<Row>> =
    LazyLock::new(|| read(include_str!("../../../catalogue/refusals.toml")).unwrap_or_default());

/// What an answer admits.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Admitted {
    /// The causes, the likeliest first, each once.
    pub(crate) causes: Vec<Cause>,
    /// How many at the front are those that come first for this answer: the first set of its first row.
    pub(crate) leading: usize,
    /// Whether the answer itself names its one cause.
    pub(crate) sure: bool,
    /// Where the rows are from.
    pub(crate) sources: Vec<&'static str>,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sets: BTreeMap<String, Vec<Cause>>,
    refusal: Vec<Entry>,
}

/// A row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: Option<i64>,
    word: Option<String>,
    says: Option<String>,
    #[serde(default)]
    status: Vec<u16>,
    #[serde(default)]
    at: Vec<String>,
    causes: Vec<String>,
    #[serde(default)]
    sure: bool,
    source: String,
}

/// A row with its sets written out.
#[derive(Debug)]
struct Row {
    code: Option<i64>,
    word: Option<String>,
    says: Option<String>,
    status: Vec<u16>,
    at: Vec<String>,
    causes: Vec<Cause>,
    leading: usize,
    sure: bool,
    source: String,
}

/// How a row fits an error of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Contradicted,
    Possible,
    Sure,
}

/// The causes that a refusal's answer admits. Where no answer was seen, every cause but that it was not refused.
pub(crate) fn admitted(refusal: &Refusal) -> Admitted {
    if refusal.errors.is_empty() && refusal.status.is_none() {
        let causes = Cause::ALL.iter().copied().filter(|cause| *cause != Cause::NotRefused).collect();
        return Admitted { causes, ..Admitted::default() };
    }
    if let Some(failed) = refusal.status.filter(|status| *status >= 500).and_then(|_| of_status(refusal)) {
        // A server that failed did not get so far as to refuse, whatever number it gives beside.
        return failed;
    }
    let of_errors: Vec<Admitted> = refusal.errors.iter().filter_map(|said| of_error(said, refusal)).collect();
    let whole = of_errors.into_iter().reduce(|one, other| one.with(&other));
    whole.or_else(|| of_status(refusal)).unwrap_or_else(|| Admitted {
        causes: vec![Cause::NotAboutPermissions],
        leading: 1,
        ..Admitted::default()
    })
}

impl Admitted {
    /// What two errors of one answer admit together: what both do; where that is nothing, what either does.
    fn with(mut self, other: &Self) -> Self {
        // In the order of the one that says more.
        let (closer, wider) = if other.causes.len() < self.causes.len() { (other, &self) } else { (&self, other) };
        let (leading, causes) = (closer.leading, &closer.causes);
        let both: Vec<Cause> = causes.iter().copied().filter(|cause| wider.causes.contains(cause)).collect();
        self.sources.extend(&other.sources);
        if both.is_empty() {
            self.leading = self.causes.len();
            self.causes.extend(&other.causes);
            return Self { sure: false, ..self };
        }
        let sure = self.sure || other.sure;
        let leading = leading.min(both.len()).max(1);
        Self { causes: both, leading, sure, sources: self.sources }
    }

    /// Adds what a row admits.
    fn add(&mut self, row: &'static Row) {
        let first = self.causes.is_empty();
        let new = row.causes.iter().filter(|cause| !self.causes.contains(cause)).copied().collect::<Vec<_>>();
        self.causes.extend(new);
        self.leading = if first { row.leading } else { self.leading };
        self.sure = first && row.sure;
        self.sources.push(&row.source);
    }
}

fn of_error(said: &Said, refusal: &Refusal) -> Option<Admitted> {
    let mut admitted = Admitted::default();
    for row in TABLE.iter().filter(|row| row.is_of_errors()) {
        match row.fits(said, refusal) {
            Fit::Contradicted => {}
            Fit::Possible => admitted.add(row),
            Fit::Sure => {
                admitted.add(row);
                break;
            }
        }
    }
    (!admitted.causes.is_empty()).then_some(admitted)
}

fn of_status(refusal: &Refusal) -> Option<Admitted> {
    let mut admitted = Admitted::default();
    let status = refusal.status?;
    let row = TABLE.iter().find(|row| !row.is_of_errors() && row.status.contains(&status))?;
    admitted.add(row);
    Some(admitted)
}

impl Row {
    /// Whether it is read for each error, and not for the status alone.
    fn is_of_errors(&self) -> bool {
        self.code.is_some() || self.word.is_some() || self.says.is_some()
    }

    fn fits(&self, said: &Said, refusal: &Refusal) -> Fit {
        let numbered = match (self.code, said.code) {
            (None, _) => Fit::Sure,
            (Some(code), Some(seen)) if code == seen => Fit::Sure,
            // Words alone were seen: they must be the row's.
            (Some(_), None) if self.says.is_some() && said.word.is_none() && !said.message.is_empty() => Fit::Sure,
            (Some(_), _) => return Fit::Contradicted,
        };
        let worded = match (&self.word, &said.word) {
            (None, _) => Fit::Sure,
            (Some(word), Some(seen)) if word == seen => Fit::Sure,
            _ => return Fit::Contradicted,
        };
        let spoken = match &self.says {
            None => Fit::Sure,
            Some(words) if said.message.to_lowercase().contains(words.as_str()) => Fit::Sure,
            // The number was seen and no word: what the message said is open.
            Some(_) if self.code.is_some() && said.message.is_empty() => Fit::Possible,
            Some(_) => return Fit::Contradicted,
        };
        let answered = match refusal.status {
            _ if self.status.is_empty() => Fit::Sure,
            None => Fit::Possible,
            Some(status) if self.status.contains(&status) => Fit::Sure,
            Some(_) => return Fit::Contradicted,
        };
        let placed = match path(refusal) {
            _ if self.at.is_empty() => Fit::Sure,
            None => Fit::Possible,
            Some(path) if self.at.iter().any(|pattern| begins(&path, pattern)) => Fit::Sure,
            Some(_) => return Fit::Contradicted,
        };
        [numbered, worded, spoken, answered, placed].into_iter().min().unwrap_or(Fit::Contradicted)
    }
}

/// The path that was called, as far as it was seen: the operation's, else the one with its ids.
fn path(refusal: &Refusal) -> Option<String> {
    let path = refusal.operation.map(|operation| operation.path().to_owned()).or_else(|| refusal.path.clone())?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    Some(path.strip_prefix("/client/v4").unwrap_or(path).to_owned())
}

/// Whether a path begins as a pattern says.
fn begins(path: &str, pattern: &str) -> bool {
    let (pattern, whole) = pattern.strip_suffix('$').map_or((pattern, false), |pattern| (pattern, true));
    if let Some(rest) = pattern.strip_suffix("://") {
        return path.split_once("://").is_some_and(|(scheme, _)| scheme == rest);
    }
    let (mut path, pattern) = (path.split('/'), pattern.split('/'));
    for wanted in pattern {
        match path.next() {
            Some(segment) if wanted == "{}" && !segment.is_empty() || segment == wanted => {}
            _ => return false,
        }
    }
    !whole || path.next().is_none()
}

/// Reads the table.
fn read(text: &str) -> Result<Vec<Row>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let rows = file.refusal.into_iter().map(|entry| {
        let mut causes: Vec<Cause> = Vec::new();
        let mut leading = 0;
        for (at, word) in entry.causes.iter().enumerate() {
            let named = file.sets.get(word).cloned().map(Ok).unwrap_or_else(|| {
                serde_json::from_value(word.as_str().into()).map(|cause| vec![cause]).map_err(|error| error.to_string())
            })?;
            causes.extend(named.into_iter().filter(|cause| !causes.contains(cause)).collect::<Vec<_>>());
            leading = if at == 0 { causes.len() } else { leading };
        }
        let Entry { code, word, says, status, at, sure, source, .. } = entry;
        Ok(Row { code, word, says, status, at, causes, leading, sure, source })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(code: i64, message: &str) -> Refusal {
        let said = Said { code: Some(code), message: message.to_owned(), ..Said::default() };
        Refusal { errors: vec![said], ..Refusal::default() }
    }

    #[test]
    fn the_table_is_sound() {
        let rows = read(include_str!("../../../catalogue/refusals.toml")).unwrap();
        for row in &rows {
            assert!(!row.causes.is_empty() && !row.source.is_empty(), "{row:?}");
            assert!(!row.sure || row.causes.len() == 1, "a sure row names one cause: {row:?}");
            assert!(row.is_of_errors() || !row.status.is_empty(), "{row:?}");
            assert!(row.says.as_ref().is_none_or(|words| *words == words.to_lowercase()), "{row:?}");
            assert!(!row.causes.contains(&Cause::NotRefused), "{row:?}");
        }
        // Every cause but that there is none can be told by some answer.
        for cause in Cause::ALL.iter().filter(|cause| **cause != Cause::NotRefused) {
            assert!(rows.iter().any(|row| row.causes.contains(cause)), "{cause}");
        }
        // Each row can be reached: none above it takes all that it would.
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.is_of_errors()) {
            let message = row.says.clone().unwrap_or_default();
            let said = Said { code: row.code, word: row.word.clone(), message, ..Said::default() };
            let path = row.at.first().map(|path| path.trim_end_matches('$').replace("{}", "x"));
            let refusal = Refusal { status: row.status.first().copied(), path, ..Refusal::default() };
            let taken = rows.iter().position(|other| other.is_of_errors() && other.fits(&said, &refusal) == Fit::Sure);
            assert_eq!(taken, Some(at), "{row:?} lies behind {:?}", taken.map(|at| &rows[at]));
        }
    }

    #[test]
    fn words_tell_what_a_number_leaves_open() {
        let one = admitted(&coded(9109, "Cannot use the access token from location: 192.0.2.1"));
        assert_eq!((one.causes.as_slice(), one.sure), ([Cause::AddressNotAllowed].as_slice(), true));
        let open = admitted(&coded(9109, ""));
        assert!(open.causes.contains(&Cause::AddressNotAllowed) && open.causes.contains(&Cause::MissingGroup));
        assert!(!open.sure);
        let unnumbered = Refusal {
            errors: vec![Said { message: "Invalid access token".to_owned(), ..Said::default() }],
            ..Refusal::default()
        };
        assert_eq!(admitted(&unnumbered).causes, admitted(&coded(9109, "Invalid access token")).causes);
    }

    #[test]
    fn two_errors_of_one_answer_admit_what_both_do() {
        let mut refusal = coded(6003, "Invalid request headers");
        refusal.errors.push(Said {
            code: Some(6111),
            message: "Invalid format for Authorization header".to_owned(),
            ..Said::default()
        });
        assert_eq!(admitted(&refusal).causes, [Cause::MalformedHeader, Cause::KeyAsToken]);
        let mut refusal = coded(7003, "Could not route to /zones/x, perhaps your object identifier is invalid?");
        refusal.errors.push(Said { code: Some(7000), message: "No route for that URI".to_owned(), ..Said::default() });
        assert_eq!(admitted(&refusal).causes, [Cause::WrongId]);
    }

    #[test]
    fn a_number_that_nobody_knows_says_no_more_than_its_status() {
        assert_eq!(admitted(&coded(81057, "The record already exists.")).causes, [Cause::NotAboutPermissions]);
        let mut refused = coded(424_242, "What?");
        refused.status = Some(403);
        assert_eq!(admitted(&refused).causes.first(), Some(&Cause::MissingGroup));
    }

    #[test]
    fn a_tokens_value_is_no_key_id() {
        let message = "Credential access key has length 53, should be 32".to_owned();
        let said = Said { word: Some("InvalidArgument".to_owned()), message, ..Said::default() };
        let refusal = Refusal { errors: vec![said], status: Some(400), ..Refusal::default() };
        assert_eq!(admitted(&refusal).causes, [Cause::MalformedHeader]);
    }

    #[test]
    fn a_server_that_failed_refused_nothing() {
        let failed = |status| Refusal { status: Some(status), ..coded(10000, "Authentication error") };
        assert_eq!(admitted(&failed(503)).causes, [Cause::NotAboutPermissions]);
        assert_eq!(admitted(&failed(403)).causes.first(), Some(&Cause::MissingGroup));
    }

    #[test]
    fn pages_of_the_edge_are_not_about_permissions() {
        for (code, words) in [(None, "Sorry, you have been blocked"), (None, "Just a moment..."), (Some(1020), "")] {
            let said = Said { code, message: words.to_owned(), ..Said::default() };
            let refusal = Refusal { errors: vec![said], status: Some(403), ..Refusal::default() };
            assert_eq!(admitted(&refusal).causes, [Cause::NotAboutPermissions], "{words}");
        }
    }

    #[test]
    fn a_path_that_was_not_seen_excludes_no_row() {
        let verify = |path: Option<&str>| {
            admitted(&Refusal { path: path.map(str::to_owned), ..coded(1000, "Invalid API Token") }).causes
        };
        assert!(!verify(Some("/user/tokens/verify")).contains(&Cause::UserTokenNotSupported));
        assert!(!verify(Some("/accounts/1/tokens/verify")).contains(&Cause::AccountTokenNotSupported));
        let open = verify(None);
        assert!(open.contains(&Cause::UserTokenNotSupported) && open.contains(&Cause::AccountTokenNotSupported));
    }

    #[test]
    fn patterns_begin_paths() {
        assert!(begins("/zones/1/custom_hostnames/2", "/zones/{}/custom_hostnames"));
        assert!(begins("s3://b/k", "s3://") && !begins("/b/k", "s3://"));
        assert!(!begins("/zones//custom_hostnames", "/zones/{}/custom_hostnames"));
        assert!(
            !begins("/user/tokens/verify/x", "/user/tokens/verify$")
                && begins("/user/tokens/verify", "/user/tokens/verify$")
        );
    }
}
