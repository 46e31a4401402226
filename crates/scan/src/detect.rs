//! Where credentials stand in a text. No input, no output, no state.
//!
//! Every credential holds an unbroken run of at least [`runs::LEAST`] letters, digits, `_` and `-`. One pass finds the
//! runs, by blocks of which each is one comparison; all else is asked of runs alone, which are few.

mod base64;
mod beside;
mod context;
mod forms;
mod judge;
mod naming;
mod randomness;
mod runs;
mod tunnel;

use flarekeep_catalogue::LeakForm;

pub use self::beside::beside;
pub use self::runs::is_in_run;
use crate::finding::Confidence;

/// How many bytes before and behind a credential's first byte decide on it. What is further away changes nothing, so that
/// a long text may be looked at in pieces which overlap by twice as many.
pub const MARGIN: usize = 4096;

/// A credential in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// What it is.
    pub form: &'static LeakForm,
    /// Where its first byte is.
    pub start: usize,
    /// Behind its last byte.
    pub end: usize,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it is taken for one.
    pub why: String,
    /// The value, where the text holds it encoded.
    pub decoded: Option<String>,
    /// Nothing in the text speaks of Cloudflare: its path alone does.
    pub rests_on_path: bool,
}

/// What is known of a text besides itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Setting {
    /// Its path says that it is about Cloudflare: `wrangler.toml`, `cloudflare.ini`.
    pub is_cloudflares: bool,
}

impl Setting {
    /// What a path says of the text behind it: its last two names count.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let mut names = path.as_bytes().rsplit(|byte| b"/\\:!".contains(byte)).take(2);
        let has = |name: &[u8], word: &str| {
            let [first, ..] = word.as_bytes() else { return false };
            memchr::memchr2_iter(*first, first.to_ascii_uppercase(), name).any(|at| {
                let part = name.get(at..at + word.len());
                part.is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
            })
        };
        Self { is_cloudflares: names.any(|name| has(name, "cloudflare") || has(name, "wrangler")) }
    }
}

/// The credentials in a text, in their order; no two of them overlap.
#[must_use]
pub fn detect(data: &[u8], setting: Setting) -> Vec<Leak> {
    let mut found: Vec<Leak> = Vec::new();
    runs::for_each(data, |run| judge::run(data, run, setting, &mut found));
    found
}

/// The form of a rule, for tests of other modules.
#[cfg(test)]
pub(crate) fn tests_form(rule: &str) -> &'static LeakForm {
    let mut forms = forms::FORMS.iter().map(|form| form.form);
    forms.find(|form| form.rule == rule).expect("a rule of the table")
}
