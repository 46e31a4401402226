//! What one environment of a configuration has.

use flarekeep_catalogue::Whose;

use super::super::SourceError;
use super::located::{Entry, Located, Value};

/// A configuration as one of its environments sees it.
pub(super) struct Configuration<'a> {
    top: &'a Located,
    own: Option<&'a Entry>,
}

impl<'a> Configuration<'a> {
    /// The configuration of an environment, or that of the top level.
    pub(super) fn new(source: &str, top: &'a Located, environment: Option<&str>) -> Result<Self, SourceError> {
        let fault = |line, reason| SourceError { source: source.to_owned(), line: Some(line), column: None, reason };
        if !matches!(top.value, Value::Table(_)) {
            return Err(fault(top.line, "it holds no table".to_owned()));
        }
        let environments = top.find("env");
        let Some(asked) = environment else { return Ok(Self { top, own: None }) };
        let own = environments.and_then(|environments| environments.value.find(asked)).ok_or_else(|| {
            let known: Vec<_> = names(environments).collect();
            let there = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let line = environments.map_or(1, |environments| environments.line);
            fault(line, format!("no environment `{}`; there: {there}", shown(asked)))
        })?;
        if !matches!(own.value.value, Value::Table(_)) {
            return Err(fault(own.line, format!("the environment `{}` is no table", shown(asked))));
        }
        Ok(Self { top, own: Some(own) })
    }

    /// What the environment has under a path such as `triggers.crons`.
    pub(super) fn find(&self, path: &str, whose: Whose) -> Option<&'a Entry> {
        let mut keys = path.split('.');
        let first = keys.next()?;
        let own = self.own.and_then(|own| own.value.find(first)).filter(|entry| !is_empty(entry));
        let top = || self.top.find(first).filter(|entry| !is_empty(entry));
        let found = match (whose, self.own) {
            (Whose::Top, _) | (_, None) => top(),
            (Whose::Own, Some(_)) => own,
            (Whose::Inherited, Some(_)) => own.or_else(top),
        };
        keys.try_fold(found?, |entry, key| entry.value.find(key))
    }

    /// The keys that count for the environment, whether or not wrangler knows them, and those of the top level.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a Entry> {
        self.top.entries().iter().chain(self.own.map_or(&[][..], |own| own.value.entries()))
    }

    /// The environments that are not this one, where none is chosen.
    pub(super) fn passed_over(&self) -> Option<(usize, Vec<String>)> {
        let environments = self.top.find("env").filter(|_| self.own.is_none());
        let names: Vec<_> = names(environments).collect();
        environments.filter(|_| !names.is_empty()).map(|environments| (environments.line, names))
    }

    /// The line that says which Worker, or of what it is made.
    pub(super) fn line_of_worker(&self) -> usize {
        let said = |key| self.find(key, Whose::Inherited).map(|entry| entry.line);
        let own = self.own.map(|own| own.line);
        self.own
            .and_then(|own| own.value.find("name"))
            .map(|entry| entry.line)
            .or(own)
            .or_else(|| said("name"))
            .or_else(|| said("main"))
            .unwrap_or(1)
    }

    /// The Worker's name.
    pub(super) fn worker(&self) -> Option<String> {
        let own = self.own.and_then(|own| own.value.text_of("name"));
        let top = self.top.text_of("name");
        let suffixed = |own: &Entry| top.map(|top| format!("{top}-{}", own.key));
        own.map(str::to_owned).or_else(|| self.own.map_or_else(|| top.map(str::to_owned), suffixed))
    }
}

/// Names that people gave, fit to be shown: without control characters, and not endless.
pub(super) fn shown(text: &str) -> String {
    text.escape_debug().take(60).collect()
}

fn names(environments: Option<&Entry>) -> impl Iterator<Item = String> {
    let entries = environments.map_or(&[][..], |environments| environments.value.entries());
    entries.iter().take(20).map(|entry| format!("`{}`", shown(&entry.key)))
}

/// An empty text stands for nothing, and does not keep an environment from inheriting.
fn is_empty(entry: &Entry) -> bool {
    entry.value.text() == Some("")
}
