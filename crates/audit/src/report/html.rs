//! HTML: one file that asks nobody for anything, for people who decide what is mended first.
//!
//! The pages lie in `templates/report`; what they show is made here, a module for each part. Whatever a template writes
//! goes through [`escape::Shown`] (askama.toml says so), so that no text from outside is ever a tag.

mod ends;
pub(crate) mod escape;
mod findings;
mod left_out;
mod matrix;
mod style;
mod summary;
mod tokens;

use askama::Template;

use self::ends::Ends;
use self::findings::RuleCard;
use self::left_out::LeftOut;
use self::matrix::Matrix;
use self::style::{POLICY_OF_CONTENT, STYLE};
use self::summary::Summary;
use self::tokens::TokenCard;
use super::order::Tokens;
use super::words;
use crate::audit::Audit;

/// An audit as one self-contained HTML file.
#[must_use]
pub fn html(audit: &Audit) -> String {
    let index = Tokens::of(audit);
    let page = Page {
        version: env!("CARGO_PKG_VERSION"),
        content_policy: &POLICY_OF_CONTENT,
        style: STYLE,
        day: words::day(audit.now),
        now: words::minute(audit.now),
        summary: Summary::of(audit),
        matrix: Matrix::of(audit),
        ends: Ends::of(audit),
        rules: findings::cards(audit, &index),
        tokens: tokens::cards(audit, &index),
        left_out: LeftOut::of(audit, &index),
    };
    // Writing into a string cannot fail.
    page.render().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "report/page.html")]
struct Page<'a> {
    version: &'static str,
    content_policy: &'a str,
    style: &'static str,
    day: String,
    now: String,
    summary: Summary<'a>,
    matrix: Matrix,
    ends: Ends,
    rules: Vec<RuleCard>,
    tokens: Vec<TokenCard>,
    left_out: LeftOut,
}

#[cfg(test)]
mod tests;
