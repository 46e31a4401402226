//! The rules that a site brings along: `_redirects` and `_headers`, read when it is deployed, so that the edge parses
//! nothing. Cloudflare's limits hold (docs: workers/static-assets/redirects and /headers), and Netlify's forms are read
//! where the two do not conflict.

mod headers;
mod pattern;
mod redirects;
mod walk;

pub use headers::{HeaderRule, Headers, headers};
pub use redirects::{Dynamic, MOST_DYNAMIC, MOST_STATIC, Redirects, redirects};

/// The longest line, in characters (Cloudflare's parser).
const LONGEST_LINE: usize = 2_000;

/// What a line of rules says that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it, in words.
    pub what: String,
    /// Whether the deploy is refused for it; otherwise the line is passed over, or read as the words say.
    pub fatal: bool,
}

impl Fault {
    fn warning(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into(), fatal: false }
    }

    fn fatal(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into(), fatal: true }
    }
}
