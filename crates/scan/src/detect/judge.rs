//! What a run of characters holds.

use std::ops::Range;

use flarekeep_catalogue::LeakProof;

use super::base64::decode;
use super::context::{self, Name};
use super::forms::{Form, may_have_prefix, prefixed, unprefixed};
use super::naming::ends_in;
use super::randomness::{is_drawn_hex, is_drawn_token, is_no_placeholder};
use super::{Leak, Setting, tunnel};
use crate::finding::Confidence;

/// What may stand in the text around a value that is called `token` and no more.
const CLOUDFLARE: [&str; 2] = ["cloudflare", "x-auth-email"];
const R2: [&str; 2] = ["cloudflare", "r2_"];
/// The usual length of a Global API key of old.
const USUAL_KEY: usize = 37;
/// A name that is as long as a value may be one.
const LONGEST_NAME: usize = 31;
/// A longer run without a prefix is no credential in base64.
const LONGEST_ENCODED: usize = 120;

/// Puts what the run holds behind `found`.
pub(super) fn run(data: &[u8], run: Range<usize>, setting: Setting, found: &mut Vec<Leak>) {
    let before = found.len();
    if data.get(run.clone()).is_some_and(may_have_prefix) {
        with_prefix(data, &run, found);
    }
    if found.len() == before {
        found.extend(without_prefix(data, &run, setting).or_else(|| encoded(data, &run, setting)));
    }
}

fn with_prefix(data: &[u8], run: &Range<usize>, found: &mut Vec<Leak>) {
    let Some(text) = data.get(run.clone()) else { return };
    // `cfut_`, `cfk_`, `cfoat_`: the underscore is rare in long runs.
    let mut end = run.start;
    for underscore in memchr::memchr_iter(b'_', text) {
        let tail = text.get(..=underscore).unwrap_or_default();
        for form in prefixed().filter(|form| form.before.is_empty() && tail.ends_with(form.prefix)) {
            let start = run.start + underscore + 1 - form.prefix.len();
            if let Some(leak) = Some(start).filter(|start| *start >= end).and_then(|start| at_prefix(data, start, form))
            {
                end = leak.end;
                found.push(leak);
            }
        }
    }
    for form in prefixed().filter(|form| form.prefix.last() != Some(&b'_')) {
        // One that begins before the run (`v1.0-`) begins it; the others may stand behind an escape (`\n`).
        let stands = |start: &usize| data.get(*start..).is_some_and(|text| text.starts_with(form.before));
        let mut try_at = |at: usize| {
            let start = (run.start + at).checked_sub(form.before.len()).filter(stands);
            found.extend(start.and_then(|start| at_prefix(data, start, form)));
        };
        match form.before.is_empty() {
            // The first byte tells nearly all apart.
            false if text.first() == form.prefix.first() && text.starts_with(form.prefix) => try_at(0),
            false => {}
            true => form.prefixes(text).for_each(try_at),
        }
    }
}

/// The credential that begins here with the form's prefix.
fn at_prefix(data: &[u8], start: usize, form: &Form) -> Option<Leak> {
    let body = start + form.before.len() + form.prefix.len();
    let rest = data.get(body..)?;
    let (end, confidence, why) = match form.form.proof {
        LeakProof::Tunnel => {
            // The shape counts the prefix in: it is the beginning of the JSON.
            let end = start + form.measure(data.get(start..)?)?;
            let end = end + padding(data, end);
            tunnel::account(data.get(start..end)?)?;
            (end, Confidence::High, "it decodes to an account, a tunnel and a secret".to_owned())
        }
        LeakProof::Checksum => {
            let end = body + form.measure(rest)?;
            let is_longer = data.get(end).is_some_and(u8::is_ascii_alphanumeric);
            match Form::checksum_fits(data.get(start..end)?) {
                true => (end, Confidence::High, "its checksum fits".to_owned()),
                false if is_longer || !is_no_placeholder(data.get(body..end)?) => return None,
                false => (
                    end,
                    Confidence::Low,
                    "it has the form, and its checksum does not fit: mistyped, cut or made up".to_owned(),
                ),
            }
        }
        _ => {
            let end = body + form.measure(rest)?;
            let is_longer = data.get(end).is_some_and(|byte| super::is_in_run(*byte));
            if is_longer || !is_no_placeholder(data.get(body..end)?) {
                return None;
            }
            match form.form.proof {
                LeakProof::Shape => (end, Confidence::High, "nothing else has this shape".to_owned()),
                _ => (end, Confidence::Medium, "it has the prefix; no checksum is published for this kind".to_owned()),
            }
        }
    };
    Some(Leak { form: form.form, start, end, confidence, why, decoded: None, rests_on_path: false })
}

/// The older forms: the run is the value, but for what an escape before it (`\n`, `%3D`) puts in front.
fn without_prefix(data: &[u8], run: &Range<usize>, setting: Setting) -> Option<Leak> {
    let escape = match run.start.checked_sub(1).and_then(|at| data.get(at)) {
        Some(b'\\') => 1,
        Some(b'%') => 2,
        _ => 0,
    };
    let start = run.start + escape;
    let value = data.get(start..run.end)?;
    if !unprefixed().any(|form| form.is(value)) {
        return None;
    }
    // Most of such values are checksums, and their name says so before anything is counted.
    let name = context::name(data, start)?;
    let form = unprefixed().find(|form| form.is(value) && is_drawn(form, value))?;
    let Named { confidence, why, rests_on_path } = by_name(data, start..run.end, value, form, name, setting)?;
    Some(Leak { form: form.form, start, end: run.end, confidence, why, decoded: None, rests_on_path })
}

/// A value in base64, as Kubernetes keeps its secrets.
fn encoded(data: &[u8], run: &Range<usize>, setting: Setting) -> Option<Leak> {
    let padding = padding(data, run.end);
    let text = data.get(run.clone()).filter(|text| text.len() <= LONGEST_ENCODED)?;
    let is_prefixed = text.starts_with(b"Y2Z") || text.starts_with(b"djEuMC");
    if padding == 0 && !is_prefixed && text.len() % 4 != 0 {
        return None;
    }
    // Most runs are names; a length that no value has spares the work.
    let length = text.len() * 3 / 4;
    let fits = |form: &Form| form.has_length(length) || form.has_length(length.saturating_sub(1));
    if !is_prefixed && !unprefixed().any(fits) {
        return None;
    }
    let value = decode(text)?;
    let value = value.strip_suffix(b"\n").unwrap_or(&value);
    let decoded =
        String::from_utf8(value.to_vec()).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))?;
    let leak = |form: &Form, named: Named| Leak {
        form: form.form,
        start: run.start,
        end: run.end + padding,
        confidence: named.confidence,
        why: format!("in base64: {}", named.why),
        decoded: Some(decoded),
        rests_on_path: named.rests_on_path,
    };
    if is_prefixed {
        let fits = |form: &&Form| {
            let prefix = form.form.prefix.as_bytes();
            value.strip_prefix(prefix).is_some_and(|rest| form.is(rest)) && form.form.proof == LeakProof::Checksum
        };
        let form = prefixed().find(fits).filter(|_| Form::checksum_fits(value))?;
        return Some(leak(form, Named::surely("its checksum fits".to_owned())));
    }
    let form = unprefixed().find(|form| form.is(value) && is_drawn(form, value))?;
    let named = by_name(data, run.clone(), value, form, context::name(data, run.start)?, setting)?;
    Some(leak(form, named))
}

/// How many `=` base64 ends in here.
fn padding(data: &[u8], end: usize) -> usize {
    data.get(end..).unwrap_or_default().iter().take(2).take_while(|byte| **byte == b'=').count()
}

/// What the text around a value makes of it.
struct Named {
    confidence: Confidence,
    why: String,
    rests_on_path: bool,
}

impl Named {
    fn surely(why: String) -> Self {
        Self { confidence: Confidence::High, why, rests_on_path: false }
    }
}

fn is_drawn(form: &Form, value: &[u8]) -> bool {
    match form.form.rule {
        "legacy-token" => is_drawn_token(value),
        _ => is_drawn_hex(value),
    }
}

/// A name, cut where it could be a value itself: `cfut_…_token`.
fn shown(name: &[u8]) -> String {
    let shown = String::from_utf8_lossy(name.get(..LONGEST_NAME).unwrap_or(name)).into_owned();
    if name.len() > LONGEST_NAME { shown + "…" } else { shown }
}

/// How sure the text around a value makes that it is of this form.
fn by_name(
    data: &[u8],
    place: Range<usize>,
    value: &[u8],
    form: &Form,
    name: Name<'_>,
    setting: Setting,
) -> Option<Named> {
    let called = shown(name.text);
    let own = || Named::surely(format!("`{called}` names it"));
    let nearby = |needles: &[&str]| {
        let is_near = context::is_near(data, place.start, place.end, needles);
        let who = if is_near { "Cloudflare is named near it" } else { "the file is about Cloudflare" };
        let why = format!("it is called `{called}`, and {who}");
        (is_near || setting.is_cloudflares).then_some(Named {
            confidence: Confidence::Medium,
            why,
            rests_on_path: !is_near,
        })
    };
    let Name { says, .. } = name;
    match form.form.rule {
        "legacy-token" if says.token && name.own => Some(own()),
        "legacy-token" if says.token => nearby(&CLOUDFLARE),
        "legacy-global-key" if says.key && name.own => {
            let confidence = if value.len() == USUAL_KEY { Confidence::High } else { Confidence::Medium };
            Some(Named { confidence, ..own() })
        }
        "legacy-global-key" if says.key && value.len() == USUAL_KEY => nearby(&CLOUDFLARE),
        // `CF-Access-Client-Secret` has 64 digits, too, and is none of R2's.
        "r2-secret" if !["secretaccesskey", "secretkey"].iter().any(|end| ends_in(name.text, end)) && !says.r2 => None,
        "r2-secret" if says.r2 || name.own => Some(own()),
        "r2-secret" => nearby(&R2),
        _ => None,
    }
}
