//! The ways in which a token could give itself more than its policies say.

use std::fmt;

use crate::operation::{Method, Operation};
use crate::tables;

/// A way in which a token could give itself more than its policies say: by making tokens or members, or by running code
/// that may do more than it.
#[derive(Debug)]
pub struct Widening {
    /// The kind of way.
    pub way: Way,
    /// The methods of the operations that open it.
    pub(crate) methods: &'static [Method],
    /// Their paths: a template with `{}` for each parameter, and all below it unless it ends in `$`.
    pub(crate) path: &'static str,
    /// What is gained, as a noun phrase.
    pub gains: &'static str,
    /// Where that is known from.
    pub source: &'static str,
}

/// A kind of way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// API tokens are made, changed or given a new value.
    Tokens,
    /// Members, or what they may do, are changed.
    Members,
    /// A Worker is deployed with bindings.
    Workers,
    /// A Pages project is deployed with bindings.
    Pages,
    /// A build runs commands.
    Builds,
    /// Credentials of R2's S3 face are made.
    R2,
}

impl Way {
    /// The word in documents, as in `catalogue/widening.tsv`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Members => "members",
            Self::Workers => "workers",
            Self::Pages => "pages",
            Self::Builds => "builds",
            Self::R2 => "r2",
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Widening {
    /// Whether nobody has published that it gains this: the row's source says what it is inferred from.
    pub fn is_inferred(&self) -> bool {
        self.source.starts_with("inferred: ")
    }

    /// Whether a call of `operation` goes this way.
    pub fn is_opened_by(&self, operation: &Operation) -> bool {
        if !self.methods.contains(&operation.method) {
            return false;
        }
        let (template, exact) = match self.path.strip_suffix('$') {
            Some(template) => (template, true),
            None => (self.path, false),
        };
        let mut path = operation.path().split('/');
        let mut wanted = template.split('/');
        let fits = wanted.all(|wanted| match (wanted, path.next()) {
            ("{}", Some(segment)) => segment.starts_with('{'),
            // `members:batchCreate` is a verb of `members`.
            (wanted, Some(segment)) => segment.split(':').next() == Some(wanted),
            (_, None) => false,
        });
        fits && (!exact || path.next().is_none())
    }
}

/// The ways that are known, as in `catalogue/widening.tsv`; most open first.
pub fn widenings() -> &'static [Widening] {
    tables::widenings()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{operation, operations};

    #[test]
    fn every_way_is_opened_by_an_operation_that_changes_something() {
        for widening in widenings() {
            let mut opening = operations().iter().filter(|operation| widening.is_opened_by(operation)).peekable();
            assert!(opening.peek().is_some(), "{}", widening.path);
            assert!(opening.all(Operation::mutates), "{}", widening.path);
            assert!(!widening.gains.is_empty() && !widening.source.is_empty());
        }
    }

    #[test]
    fn an_exact_path_does_not_open_what_lies_below_it() {
        let ways = |text: &str| {
            let operation = operation(text).unwrap();
            widenings().iter().filter(|widening| widening.is_opened_by(operation)).map(|w| w.way).collect::<Vec<_>>()
        };
        assert_eq!(ways("POST /user/tokens"), [Way::Tokens]);
        assert_eq!(ways("PUT /accounts/{account_id}/workers/scripts/{script_name}"), [Way::Workers]);
        assert_eq!(ways("PUT /accounts/{account_id}/workers/scripts/{script_name}/schedules"), []);
        assert_eq!(ways("DELETE /user/tokens/{token_id}"), []);
        assert_eq!(ways("POST /accounts/{account_id}/sso_connectors"), [Way::Members]);
        assert_eq!(ways("POST /accounts/{account_id}/sso_connectors/{sso_connector_id}/begin_verification"), []);
        assert_eq!(ways("POST /accounts/{account_id}/oauth_clients/{oauth_client_id}/rotate_secret"), [Way::Tokens]);
    }

    #[test]
    fn what_is_inferred_is_shown_as_inferred() {
        assert!(widenings().iter().any(Widening::is_inferred));
        for widening in widenings() {
            assert_eq!(widening.gains.ends_with(" (inferred)"), widening.is_inferred(), "{}", widening.path);
        }
    }
}
