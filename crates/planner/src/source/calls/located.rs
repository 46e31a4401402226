//! Where one request went, and what may have been asked for there.

use std::sync::OnceLock;

use flarekeep_catalogue::{AccountId, Method, Operation, ZoneId, route};

use super::s3::S3Face;
use super::target::{S3Target, Target, path_style, target};
use super::{lists_zones, place_in_r2, plainly_spelt, value};
use crate::source::BucketName;

/// A place of Cloudflare's API, or of R2's S3 face.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Located {
    /// What answers there: one operation where the method is known, else one for each method; none where nothing does.
    pub operations: Vec<&'static Operation>,
    /// Whether it is R2's S3 face.
    pub is_s3: bool,
    /// The path below `/client/v4`, or `/bucket/key`, as it was called, without its query. It may hold anything.
    pub path: String,
    /// The account that it names.
    pub account: Option<AccountId>,
    /// The zone that it names.
    pub zone: Option<ZoneId>,
    /// The bucket that it names, of the S3 face.
    pub bucket: Option<BucketName>,
}

const METHODS: [Method; 5] = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];

/// Reads a URL, or a path with `/client/v4` before it or without; none where it leads to others than Cloudflare. The
/// method, in any case; none where nobody knows it.
#[must_use]
pub fn locate(method: Option<&str>, text: &str) -> Option<Located> {
    let head = method.is_some_and(|method| method.eq_ignore_ascii_case("HEAD"));
    let named = method.and_then(|method| method.parse::<Method>().ok());
    let methods = || METHODS.into_iter().filter(move |method| named.is_none_or(|named| named == *method));
    match target(text) {
        Target::Api { path, query } => {
            let spelt = plainly_spelt(path);
            let routes: Vec<_> = methods().filter_map(|method| route(method, &spelt)).collect();
            // A path that only some methods know literally (`/user/tokens/verify`) is not that of the others.
            let shape = |operation: &Operation| -> Vec<bool> {
                operation.path().split('/').map(|segment| !segment.contains('{')).collect()
            };
            let best = routes.iter().map(|route| shape(route.operation)).max();
            let first = routes.iter().find(|route| Some(shape(route.operation)) == best);
            let asked = || value(query, "account.id").and_then(|id| id.parse().ok());
            Some(Located {
                account: first
                    .and_then(|route| route.account()?.parse().ok())
                    .or_else(|| first.filter(|route| lists_zones(route.operation)).and_then(|_| asked())),
                zone: first.and_then(|route| route.zone()?.parse().ok()),
                operations: routes
                    .iter()
                    .map(|route| route.operation)
                    .filter(|operation| Some(shape(operation)) == best)
                    .collect(),
                path: path.to_owned(),
                ..Located::default()
            })
        }
        Target::S3(at) => in_r2(methods(), head, &at, text),
        Target::Elsewhere => None,
    }
}

/// Reads a URL or a path of R2's S3 face, wherever that is served: the bucket is the first segment.
#[must_use]
pub fn locate_in_bucket(method: Option<&str>, text: &str) -> Located {
    let head = method.is_some_and(|method| method.eq_ignore_ascii_case("HEAD"));
    let named = method.and_then(|method| method.parse::<Method>().ok());
    let methods = METHODS.into_iter().filter(|method| named.is_none_or(|named| named == *method));
    let located = in_r2(methods, head, &path_style(text), text);
    located.unwrap_or_else(|| Located { is_s3: true, ..Located::default() })
}

/// The same where the operation is known: a call of R2's S3 face is one wherever that is served.
#[must_use]
pub fn locate_call(operation: Option<&Operation>, method: &str, text: &str) -> Option<Located> {
    let located = locate(Some(method), text);
    match operation.is_some_and(Operation::is_s3) {
        true => Some(located.filter(|at| at.is_s3).unwrap_or_else(|| locate_in_bucket(Some(method), text))),
        false => located,
    }
}

fn in_r2(methods: impl Iterator<Item = Method>, head: bool, at: &S3Target<'_>, text: &str) -> Option<Located> {
    static FACE: OnceLock<S3Face> = OnceLock::new();
    let place = place_in_r2(at)?;
    let face = FACE.get_or_init(S3Face::new);
    let address = text.split(['?', '#']).next().unwrap_or_default();
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
    let in_host = place.bucket.as_ref().filter(|bucket| rest.starts_with(&format!("{}.", bucket.name)));
    Some(Located {
        operations: methods.filter_map(|method| face.operation(method, head, at)).collect(),
        is_s3: true,
        path: in_host.map_or_else(|| path.to_owned(), |bucket| format!("/{}{path}", bucket.name)),
        account: place.account,
        zone: None,
        bucket: place.bucket,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_method_narrows_what_a_place_answers() {
        let zone = "9a7806061c88ada191ed06f989cc3dac";
        let records = format!("https://api.cloudflare.com/client/v4/zones/{zone}/dns_records?type=A");
        let located = locate(Some("post"), &records).unwrap();
        assert_eq!(located.operations.len(), 1);
        assert_eq!(located.operations[0].to_string(), "POST /zones/{zone_id}/dns_records");
        assert_eq!((located.path, located.zone), (format!("/zones/{zone}/dns_records"), zone.parse().ok()));
        assert_eq!(locate(None, &records).unwrap().operations.len(), 2);
        assert_eq!(locate(None, "/user/tokens/verify").unwrap().operations.len(), 1);
        assert_eq!(locate(None, "/accounts/x/no/such").unwrap().operations, Vec::<&Operation>::new());
        assert_eq!(locate(None, "https://example.com/client"), None);
    }

    #[test]
    fn the_s3_face_is_told_with_its_bucket() {
        let account = "023e105f4ecef8ad9ca31a8372d0c353";
        for url in [
            format!("https://{account}.r2.cloudflarestorage.com/media/a.png?x=1"),
            format!("https://media.{account}.r2.cloudflarestorage.com/a.png"),
        ] {
            let located = locate(Some("PUT"), &url).unwrap();
            assert_eq!((located.is_s3, located.path.as_str()), (true, "/media/a.png"));
            assert_eq!(located.operations[0].operation_id(), "PutObject");
            assert_eq!(located.bucket.unwrap().name, "media");
        }
        let local = locate_in_bucket(Some("HEAD"), "http://127.0.0.1:9000/media");
        assert_eq!((local.operations[0].operation_id(), local.path.as_str()), ("HeadBucket", "/media"));
        assert_eq!(locate_in_bucket(Some("GET"), "/").operations[0].operation_id(), "ListBuckets");
    }
}
