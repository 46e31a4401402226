//! A call as a recording has it: a line for each operation that it asks for.

use flarekeep_catalogue::Operation;
use flarekeep_planner::source::calls::locate;
use flarekeep_proxy::{Exchange, Face};
use jiff::Timestamp;

use super::graphql;
use crate::recording::Line;

/// A line, and the operation where it is known better than the URL tells it.
pub(super) struct Recorded {
    pub(super) line: Line,
    pub(super) operation: Option<&'static Operation>,
}

/// What a call asks for.
pub(super) fn recorded(exchange: &Exchange) -> Vec<Recorded> {
    let whole = match &exchange.query {
        Some(query) => format!("{}?{}", exchange.url, visible(query)),
        None => exchange.url.clone(),
    };
    match exchange.face {
        Face::Api => {
            let parts = exchange.graphql.as_deref().map(graphql::asked).unwrap_or_default();
            match parts.as_slice() {
                [] => vec![of(exchange, &whole, None)],
                parts => parts.iter().map(|part| of(exchange, &whole, Some(part))).collect(),
            }
        }
        Face::R2 => {
            let operation =
                |method: &str, url: &str| locate(Some(method), url).and_then(|at| at.operations.first().copied());
            // The query tells operations apart, and may hold a signature: where the operation is known, it is not written.
            // Where it is not, the names in it say that this is no call on the whole of a bucket or an object.
            let mut all = vec![match operation(&exchange.method, &whole) {
                Some(operation) => of(exchange, &exchange.url, Some(operation)),
                None => of(exchange, &with_names(&exchange.url, exchange.query.as_deref()), None),
            }];
            if let Some(source) = exchange.copies.as_deref().and_then(|copied| source(&exchange.url, copied)) {
                all.push(of(exchange, &source, operation("GET", &source)));
            }
            all
        }
    }
}

fn of(exchange: &Exchange, url: &str, operation: Option<&'static Operation>) -> Recorded {
    let at = Timestamp::try_from(exchange.at).unwrap_or_default();
    // Whole seconds, as the emulator's.
    let at = Timestamp::from_second(at.as_second()).unwrap_or_default();
    let line = Line {
        operation: operation.map(ToString::to_string),
        credential: Some(exchange.credential.key()),
        ..Line::new(at, &exchange.method, url, exchange.status, &exchange.errors)
    };
    Recorded { line, operation }
}

/// The URL of what a copy reads: `/bucket/key`, with a slash before it or without, at the same account.
pub(crate) fn source(url: &str, copied: &str) -> Option<String> {
    let host = url.strip_prefix("https://")?.split('/').next()?;
    // `bucket.account.…` names the bucket of the copy, and the source names its own.
    let labels: Vec<&str> = host.split('.').collect();
    let account =
        labels.iter().rposition(|label| label.len() == 32 && label.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let path = copied.split('?').next().unwrap_or_default().trim_start_matches('/');
    Some(format!("https://{}/{}", labels.get(account..)?.join("."), visible(path)))
}

/// The URL with the names in its query, and none of their values.
fn with_names(url: &str, query: Option<&str>) -> String {
    let names = query.unwrap_or_default().split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    let names: Vec<String> = names.filter(|name| !name.is_empty()).map(visible).collect();
    if names.is_empty() { url.to_owned() } else { format!("{url}?{}", names.join("&")) }
}

/// The text with all but the visible characters of ASCII percent-encoded.
fn visible(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'!'..=b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use flarekeep_proxy::CredentialKind;

    use super::*;

    const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

    fn exchange(face: Face, method: &str, url: String, query: Option<&str>) -> Exchange {
        Exchange {
            at: UNIX_EPOCH + Duration::from_millis(1500),
            face,
            method: method.to_owned(),
            url,
            query: query.map(str::to_owned),
            status: Some(200),
            errors: Vec::new(),
            credential: CredentialKind::UserToken,
            by_wrangler: false,
            copies: None,
            graphql: None,
        }
    }

    fn lines(exchange: &Exchange) -> Vec<(String, Option<String>)> {
        recorded(exchange).into_iter().map(|recorded| (recorded.line.url, recorded.line.operation)).collect()
    }

    #[test]
    fn the_api_is_told_by_its_url_and_graphql_by_its_body() {
        let api = "https://api.cloudflare.com/client/v4";
        let zones = exchange(Face::Api, "GET", format!("{api}/zones"), Some("name=a\u{e9}"));
        assert_eq!(lines(&zones), [(format!("{api}/zones?name=a%C3%A9"), None)]);
        let body = br#"{"query":"{viewer{accounts{x} zones{y}}}"}"#.to_vec();
        let graphql = Exchange { graphql: Some(body), ..exchange(Face::Api, "POST", format!("{api}/graphql"), None) };
        let operations: Vec<_> = lines(&graphql).into_iter().filter_map(|(_, operation)| operation).collect();
        assert_eq!(operations, ["POST /graphql#account", "POST /graphql#zone"]);
        let text = serde_json::to_string(&recorded(&zones)[0].line).unwrap();
        assert!(
            text.contains(r#""at":"1970-01-01T00:00:01Z""#) && text.contains(r#""credential":"user-token""#),
            "{text}"
        );
    }

    #[test]
    fn r2_is_told_without_what_was_signed_and_a_copy_reads_its_source() {
        let host = format!("https://{ACCOUNT}.eu.r2.cloudflarestorage.com");
        let listed = exchange(Face::R2, "GET", format!("{host}/media"), Some("list-type=2&X-Amz-Signature=abc"));
        assert_eq!(lines(&listed), [(format!("{host}/media"), Some("GET s3://{bucket_name}?list-type=2".to_owned()))]);
        let tags = exchange(Face::R2, "PUT", format!("{host}/media"), Some("tagging=&X-Amz-Signature=abc"));
        assert_eq!(lines(&tags), [(format!("{host}/media?tagging&X-Amz-Signature"), None)]);
        let copy = exchange(Face::R2, "PUT", format!("https://site.{ACCOUNT}.eu.r2.cloudflarestorage.com/to"), None);
        let copy = Exchange { copies: Some("/media/from%20here?versionId=1".to_owned()), ..copy };
        let told = lines(&copy);
        assert_eq!(told[0].1.as_deref(), Some("PUT s3://{bucket_name}/{object_key}"));
        assert_eq!(
            told[1],
            (format!("{host}/media/from%20here"), Some("GET s3://{bucket_name}/{object_key}".to_owned()))
        );
    }
}
