//! The form of a signature: what must be there before it is worth checking, in R2's words (miniflare's tests of its own
//! S3 face in cloudflare/workers-sdk, which were compared with R2), and what a signature that is wrong is told.

use std::borrow::Cow;
use std::fmt;

use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderMap, Method, Uri};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use s3s::{S3Result, s3_error};

use super::fault::{expired, unauthorized};
use super::front::Parameters;
use crate::credential::{hash, hex};
use crate::options::ExpiredLink;

/// The length of a token's id, and so of an access key.
const KEY_LENGTH: usize = 32;
/// A link lives a week at most.
const LONGEST: u64 = 604_800;

/// A signature that is well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed<'a> {
    /// `<access key>/<date>/<region>/s3/aws4_request`.
    credential: Cow<'a, str>,
    /// The names of the headers that are signed, with semicolons between them.
    pub(super) headers: Cow<'a, str>,
    time: Cow<'a, str>,
    signature: Cow<'a, str>,
    /// Of a link: the second after which it is good no more.
    until: Option<i64>,
}

impl<'a> Signed<'a> {
    /// Reads the signature of a request, in its headers or in its query.
    pub(super) fn read(headers: &'a HeaderMap, query: &Parameters<'a>) -> S3Result<Self> {
        if query.has("Signature") {
            return Err(s3_error!(InvalidRequest, "Please use AWS4-HMAC-SHA256"));
        }
        let link = ["X-Amz-Credential", "X-Amz-Signature"].iter().any(|name| query.has(name));
        match (headers.get(AUTHORIZATION), link) {
            (Some(_), true) => {
                Err(s3_error!(InvalidArgument, "Only one way of signing is allowed: in the headers, or in the query."))
            }
            (Some(header), false) => Self::in_headers(header.to_str().unwrap_or_default(), headers),
            (None, true) => Self::in_query(query),
            (None, false) => Err(s3_error!(InvalidArgument, "Authorization")),
        }
    }

    fn in_headers(authorization: &'a str, headers: &'a HeaderMap) -> S3Result<Self> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let Some(fields) = authorization.strip_prefix("AWS4-HMAC-SHA256").map(str::trim_start) else {
            return Err(s3_error!(InvalidRequest, "Please use AWS4-HMAC-SHA256"));
        };
        if text("x-amz-content-sha256").is_none() {
            return Err(s3_error!(InvalidRequest, "Missing x-amz-content-sha256"));
        }
        let field = |name| fields.split(',').find_map(|field| field.trim().strip_prefix(name)).unwrap_or_default();
        let (name, time) = match (text("x-amz-date"), text("date")) {
            (Some(time), _) => ("x-amz-date", time),
            (None, Some(time)) => ("date", time),
            (None, None) => {
                return Err(s3_error!(InvalidArgument, "No date provided in x-amz-date nor date header"));
            }
        };
        if seconds(time).is_none() {
            return Err(s3_error!(
                InvalidArgument,
                "Date provided in '{name}' header ({time}) didn't parse successfully"
            ));
        }
        let credential = field("Credential=");
        check(credential, time, format_args!("'{name}' header"))?;
        let (credential, time) = (Cow::Borrowed(credential), Cow::Borrowed(time));
        let (headers, signature) = (Cow::Borrowed(field("SignedHeaders=")), Cow::Borrowed(field("Signature=")));
        Self { credential, headers, time, signature, until: None }.of_the_host()
    }

    fn in_query(query: &Parameters<'a>) -> S3Result<Self> {
        const WANTED: [&str; 6] = [
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "X-Amz-Expires",
            "X-Amz-Signature",
            "X-Amz-SignedHeaders",
        ];
        let missing: Vec<&str> = WANTED.into_iter().filter(|name| !query.has(name)).collect();
        if !missing.is_empty() {
            // R2 leaves two blanks.
            return Err(s3_error!(InvalidArgument, "Required search parameters {} missing", missing.join(",  ")));
        }
        let given = |name: &str| query.get(name).unwrap_or_default();
        if given("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" {
            return Err(s3_error!(InvalidRequest, "Please use AWS4-HMAC-SHA256"));
        }
        let Ok(lifetime) = given("X-Amz-Expires").parse::<u64>() else {
            return Err(s3_error!(InvalidArgument, "X-Amz-Expires should be a number"));
        };
        if lifetime > LONGEST {
            return Err(s3_error!(InvalidArgument, "X-Amz-Expires must be less than a week (in seconds); {LONGEST}"));
        }
        let time = given("X-Amz-Date");
        let Some(signed_at) = seconds(&time) else {
            return Err(s3_error!(InvalidArgument, "Date provided in 'X-Amz-Date' ({time}) didn't parse successfully"));
        };
        let credential = given("X-Amz-Credential");
        check(&credential, &time, format_args!("'X-Amz-Date'"))?;
        let (headers, signature) = (given("X-Amz-SignedHeaders"), given("X-Amz-Signature"));
        Self { credential, headers, time, signature, until: Some(signed_at.saturating_add_unsigned(lifetime)) }
            .of_the_host()
    }

    /// The access key.
    pub(super) fn key(&self) -> &str {
        self.parts().0
    }

    /// Whether the time of a link is over. Links alone have a time.
    pub(super) fn still_good(&self, now: i64, answer: ExpiredLink) -> S3Result<()> {
        if self.until.is_some_and(|until| now > until) { Err(expired(answer)) } else { Ok(()) }
    }

    /// The access key, and the scope `<date>/<region>/s3/aws4_request`.
    fn parts(&self) -> (&str, &str) {
        self.credential.split_once('/').unwrap_or_default()
    }

    /// A signature that is not of the host could be replayed elsewhere.
    fn of_the_host(self) -> S3Result<Self> {
        let signed = self.headers.split(';').any(|name| name.eq_ignore_ascii_case(HOST.as_str()));
        if signed { Ok(self) } else { Err(unauthorized()) }
    }

    /// What a wrong signature should have been made of: further elements of the error.
    pub(super) fn explained(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> [(&'static str, String); 3] {
        let query = uri.query().unwrap_or_default();
        let mut pairs: Vec<String> = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("X-Amz-Signature="))
            .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
            .collect();
        pairs.sort();
        let mut names: Vec<String> = self.headers.split(';').map(str::to_ascii_lowercase).collect();
        names.sort();
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let listed: String = names.iter().map(|name| format!("{name}:{}\n", text(name).trim())).collect();
        let payload = if self.until.is_some() { "UNSIGNED-PAYLOAD" } else { text("x-amz-content-sha256") };
        let (path, pairs, names) = (uri.path(), pairs.join("&"), names.join(";"));
        let request = format!("{method}\n{path}\n{pairs}\n{listed}\n{names}\n{payload}");
        let (_, scope) = self.parts();
        let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", self.time, hex(&hash(request.as_bytes())));
        [("StringToSign", text), ("SignatureProvided", self.signature.to_string()), ("CanonicalRequest", request)]
    }
}

/// Whether a credential has its five parts, and is of the day of the signature's time, which `origin` holds.
fn check(credential: &str, time: &str, origin: fmt::Arguments) -> S3Result<()> {
    let parts: Vec<&str> = credential.split('/').collect();
    let [key, date, _region, service, end] = parts[..] else {
        let count = parts.len();
        let said = "Credential sigv4 header should have at least 5 slash-separated parts, not";
        return Err(s3_error!(InvalidArgument, "{said} {count}"));
    };
    if key.len() != KEY_LENGTH {
        let length = key.len();
        return Err(s3_error!(InvalidArgument, "Credential access key has length {length}, should be {KEY_LENGTH}"));
    }
    if service != "s3" {
        return Err(s3_error!(InvalidArgument, "Credential service should be s3, not {service}"));
    }
    if end != "aws4_request" {
        return Err(s3_error!(InvalidArgument, "Credential termination string should be aws4_request, not {end}"));
    }
    let day = time.get(..8).unwrap_or_default();
    if date != day {
        return Err(s3_error!(InvalidArgument, "Credential signed date {date} does not match {day} from {origin}"));
    }
    Ok(())
}

/// The seconds since 1970 of a time such as `20130524T000000Z`; none where it is not of this form.
fn seconds(text: &str) -> Option<i64> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(day, 8) || !digits(time, 6) {
        return None;
    }
    let part = |text: &str, from, to| text.get(from..to)?.parse::<i8>().ok();
    let year = day.get(..4)?.parse().ok()?;
    let (month, day) = (part(day, 4, 6)?, part(day, 6, 8)?);
    let time = DateTime::new(year, month, day, part(time, 0, 2)?, part(time, 2, 4)?, part(time, 4, 6)?, 0).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_one_form() {
        assert_eq!(seconds("19700102T000001Z"), Some(86_401));
        assert_eq!(seconds("20260612T235959Z"), Some(1_781_308_799));
        for bad in ["", "2026-06-12T00:00:00Z", "19700102T000001", "19701302T000001Z", "Thu, 01 Jan 1970 00:00:00 GMT"]
        {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_credential_has_five_parts() {
        let key = "a".repeat(32);
        let told = |whole: &str| check(whole, "20260612T000000Z", format_args!("'x'")).is_ok();
        assert!(told(&format!("{key}/20260612/auto/s3/aws4_request")));
        for bad in [
            key.clone(),
            format!("{key}/20260612/auto/sqs/aws4_request"),
            format!("{key}/20260611/auto/s3/aws4_request"),
            format!("{key}/20260612/auto/s3/x"),
            "short/20260612/auto/s3/aws4_request".to_owned(),
        ] {
            assert!(!told(&bad), "{bad}");
        }
    }
}
