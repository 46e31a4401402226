//! The forms of `catalogue/leaks.tsv`, ready to be asked.

use std::sync::LazyLock;

use flarekeep_catalogue::{LeakForm, LeakProof, leak_forms};
use memchr::memmem::Finder;

/// A form with its shape taken apart.
pub(super) struct Form {
    pub(super) form: &'static LeakForm,
    /// The part of the prefix that stands before the run, as in `v1.0-`, whose run begins with `0-`.
    pub(super) before: &'static [u8],
    /// The part of the prefix that stands in the run.
    pub(super) prefix: &'static [u8],
    parts: Vec<Part>,
    /// The least and the most bytes that have the shape.
    least: usize,
    most: usize,
    finder: Finder<'static>,
}

/// A part of a shape.
enum Part {
    Literal(&'static [u8]),
    Some { alphabet: Alphabet, least: usize, most: usize },
}

#[derive(Clone, Copy)]
enum Alphabet {
    Alphanumeric,
    Hex,
    Token,
    Base64,
}

/// All forms.
pub(super) static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| leak_forms().filter_map(Form::read).collect());

impl Form {
    fn read(form: LeakForm) -> Option<Self> {
        let form: &'static LeakForm = Box::leak(Box::new(form));
        let cut =
            form.prefix.rfind(|c: char| !super::is_in_run(u8::try_from(c).unwrap_or_default())).map_or(0, |at| at + 1);
        let (before, prefix) = form.prefix.split_at_checked(cut)?;
        let parts = form.shape.split(' ').map(Part::read).collect::<Option<Vec<_>>>()?;
        let (least, most) = parts.iter().map(Part::bounds).fold((0, 0), |all, part| (all.0 + part.0, all.1 + part.1));
        let (before, prefix) = (before.as_bytes(), prefix.as_bytes());
        Some(Self { form, before, prefix, parts, least, most, finder: Finder::new(prefix) })
    }

    /// Where the part of the prefix that stands in a run does.
    pub(super) fn prefixes(&self, run: &[u8]) -> impl Iterator<Item = usize> {
        // In a run that is too short it leads to nothing; the prefix may be counted in.
        let text = if run.len() < self.least { &[] } else { run };
        self.finder.find_iter(text)
    }

    /// Whether so many bytes may have this shape.
    pub(super) fn has_length(&self, length: usize) -> bool {
        (self.least..=self.most).contains(&length)
    }

    /// How many bytes at the start of `text`, which stands behind the prefix, have this shape; none if it has not.
    pub(super) fn measure(&self, text: &[u8]) -> Option<usize> {
        let mut at = 0;
        for part in &self.parts {
            let rest = text.get(at..)?;
            at += match part {
                Part::Literal(literal) => rest.starts_with(literal).then_some(literal.len())?,
                Part::Some { alphabet, least, most } => {
                    let fits = rest.iter().take(*most).take_while(|byte| alphabet.has(**byte)).count();
                    (fits >= *least).then_some(fits)?
                }
            };
        }
        Some(at)
    }

    /// Whether all of `text` has this shape.
    pub(super) fn is(&self, text: &[u8]) -> bool {
        self.has_length(text.len())
            && match self.parts.as_slice() {
                // Its length is right. A few bytes at a time, which the compiler compares together.
                [Part::Some { alphabet, .. }] => {
                    text.chunks(8).all(|some| some.iter().fold(true, |all, byte| all & alphabet.has(*byte)))
                }
                _ => self.measure(text) == Some(text.len()),
            }
    }

    /// Whether its last eight characters are the checksum of the forty before (Cloudflare's page on token formats; the
    /// algorithm is computed from one public sample).
    pub(super) fn checksum_fits(text: &[u8]) -> bool {
        use flarekeep_catalogue::credential::{BODY, CHECKSUM};
        let Some((rest, sum)) = text.len().checked_sub(CHECKSUM).and_then(|at| text.split_at_checked(at)) else {
            return false;
        };
        let Some(body) = rest.len().checked_sub(BODY).and_then(|at| rest.get(at..)) else { return false };
        format!("{:08x}", crc32fast::hash(body)).as_bytes() == sum
    }
}

impl Part {
    fn bounds(&self) -> (usize, usize) {
        match self {
            Self::Literal(literal) => (literal.len(), literal.len()),
            Self::Some { least, most, .. } => (*least, *most),
        }
    }

    fn read(text: &'static str) -> Option<Self> {
        let Some((alphabet, length)) = text.split_once('*') else { return Some(Self::Literal(text.as_bytes())) };
        let alphabet = match alphabet {
            "alnum" => Alphabet::Alphanumeric,
            "hex" => Alphabet::Hex,
            "token" => Alphabet::Token,
            "base64" => Alphabet::Base64,
            _ => return None,
        };
        let (least, most) = length.split_once('-').unwrap_or((length, length));
        Some(Self::Some { alphabet, least: least.parse().ok()?, most: most.parse().ok()? })
    }
}

impl Alphabet {
    const fn has(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Token => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-'),
        }
    }
}

/// Those with a prefix, and those without one.
static PARTED: LazyLock<[Vec<&'static Form>; 2]> = LazyLock::new(|| {
    let (with, without) = FORMS.iter().partition(|form| form.form.proof != LeakProof::Name);
    [with, without]
});

/// Those with a prefix.
pub(super) fn prefixed() -> impl Iterator<Item = &'static Form> {
    let [with, _] = &*PARTED;
    with.iter().copied()
}

/// Those without one.
pub(super) fn unprefixed() -> impl Iterator<Item = &'static Form> {
    let [_, without] = &*PARTED;
    without.iter().copied()
}

/// The first two bytes of each prefix that stands anywhere in a run: `cf`, `ey`.
static FIRST: LazyLock<Vec<[u8; 2]>> = LazyLock::new(|| {
    let inside = prefixed().filter(|form| form.before.is_empty());
    let mut first: Vec<[u8; 2]> = inside.filter_map(|form| form.prefix.first_chunk().copied()).collect();
    first.sort_unstable();
    first.dedup();
    first
});

/// Whether a prefix may stand in the run: one look at all its bytes tells nearly all that have none.
pub(super) fn may_have_prefix(run: &[u8]) -> bool {
    // Each block has the first byte of the next one, too.
    let blocks = run.windows(BLOCK + 1).step_by(BLOCK).filter_map(<[u8]>::first_chunk).chain(run.last_chunk());
    blocks.into_iter().any(|block| FIRST.iter().any(|first| has_pair(block, *first)))
        || begins().any(|form| run.starts_with(form.prefix))
}

const BLOCK: usize = 16;

/// Those that stand at the beginning of a run alone.
fn begins() -> impl Iterator<Item = &'static Form> {
    prefixed().filter(|form| !form.before.is_empty())
}

/// Without a branch for each byte, so that the compiler compares all at once.
fn has_pair(block: &[u8; BLOCK + 1], [first, second]: [u8; 2]) -> bool {
    let ([before @ .., _], [_, behind @ ..]) = (block, block);
    before.iter().zip(behind).fold(false, |any, (a, b)| any | ((*a == first) & (*b == second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood() {
        assert_eq!(FORMS.len(), leak_forms().count());
        assert_eq!(unprefixed().count(), 3);
        let least = super::super::runs::LEAST;
        for form in FORMS.iter() {
            assert!(form.prefix.len() + form.least >= least, "{} would not be in a run that is found", form.form.rule);
        }
    }

    #[test]
    fn a_shape_measures_what_it_is_made_of() {
        let form = |rule: &str| FORMS.iter().find(|form| form.form.rule == rule).unwrap();
        let key = format!("{}-{}", "0a".repeat(12), "0a".repeat(73));
        let origin = form("origin-ca-key");
        assert_eq!((origin.before, origin.prefix), (&b"v1."[..], &b"0-"[..]));
        assert!(origin.is(key.as_bytes()) && !origin.is(&key.as_bytes()[1..]));
        assert_eq!(origin.measure(format!("{key}ff").as_bytes()), Some(key.len()));
        assert!(form("legacy-global-key").is("0a".repeat(19).as_bytes()));
        assert!(!form("legacy-global-key").is("0a".repeat(18).as_bytes()));
        assert!(!form("legacy-global-key").is("0A".repeat(19).as_bytes()));
    }

    #[test]
    fn the_checksum_is_that_of_the_forty_characters_before() {
        let body = "aB3x".repeat(10);
        let value = format!("cfut_{body}{:08x}", crc32fast::hash(body.as_bytes()));
        assert!(Form::checksum_fits(value.as_bytes()));
        assert!(!Form::checksum_fits(value.replace('3', "4").as_bytes()));
        assert!(!Form::checksum_fits(b"") && !Form::checksum_fits(b"0123456789"));
    }
}
