//! From a call as a log or a person writes it, a method and a concrete path, to what authorisation looks at.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::LazyLock;

use flarekeep_catalogue::{AccountId, BadId, Method, Operation, R2_HOST, UserId, names_s3_part, operations, route};

use crate::request::Request;
use crate::resource::BucketKey;
use crate::token::{Owner, UnixSeconds};

const API: &str = "/client/v4";
pub(crate) const S3: &str = "s3://";

/// A call as it is written.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The method's name, in any case.
    pub method: &'a str,
    /// The path with the ids in it, below or behind `/client/v4`; a query is passed over. A call of R2's S3 face is
    /// written `s3://bucket/key?uploads`: there the query tells the operations of one path apart. A bucket of a
    /// jurisdiction has an address of its own, `https://ACCOUNT.eu.r2.cloudflarestorage.com/bucket/key`.
    pub path: &'a str,
    /// The account that owns the path's zone or bucket, or is the path's account. With no [`Self::user`] it owns the
    /// token as well.
    pub account: Option<AccountId>,
    /// The user that owns the token; none for an account's token.
    pub user: Option<UserId>,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The time of the call.
    pub at: UnixSeconds,
}

/// Why a call cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No operation of the catalogue has this method and path.
    #[error("no operation has this method and path")]
    NoOperation,
    /// Where the path has an account's or a zone's id stands none.
    #[error(transparent)]
    Id(#[from] BadId),
}

impl Call<'_> {
    /// The request that this call makes.
    ///
    /// The path's account goes before the one that is given, since the call goes there whatever else is said of it. Where
    /// the path names neither account nor zone nor bucket, as in `GET /zones`, the account says who owns the token and
    /// nothing of the call: the answer is a list of what the token may see. Only a call that makes a zone is meant in the
    /// account that is given, as its body names one.
    ///
    /// # Errors
    /// If there is no such operation, or an id in the path is none.
    pub fn request(&self) -> Result<Request, CallError> {
        let method: Method = self.method.parse().map_err(|()| CallError::NoOperation)?;
        if let Some(rest) = self.path.strip_prefix(S3) {
            return self.s3(method, self.account, "default", rest).ok_or(CallError::NoOperation);
        }
        if let Some((account, jurisdiction, rest)) = r2_address(self.path) {
            return self.s3(method, Some(account?), jurisdiction, &rest).ok_or(CallError::NoOperation);
        }
        let path = before_query(self.path);
        let path = path.strip_prefix(API).filter(|rest| rest.starts_with('/')).unwrap_or(path);
        let route = route(method, path).ok_or(CallError::NoOperation)?;
        let operation = route.operation;
        let (account, zone) = match (route.account(), route.zone()) {
            (Some(account), _) => (Some(account.parse()?), None),
            (None, Some(zone)) => (self.account, Some(zone.parse()?)),
            (None, None) => (self.account.filter(|_| operation.makes_zone()), None),
        };
        Ok(Request { operation, user: self.user, account, zone, bucket: None, ip: self.ip, at: self.at })
    }

    /// Who owns the token: the user that is given, else the account that is given, else the path's, outside of which
    /// nothing is said to be. Where none is known it does not matter who it is, and `None` is given.
    #[must_use]
    pub fn owner(&self, request: &Request) -> Option<Owner> {
        let account = || self.account.or(request.account).map(Owner::Account);
        self.user.map(Owner::User).or_else(account)
    }

    fn s3(&self, method: Method, account: Option<AccountId>, jurisdiction: &str, rest: &str) -> Option<Request> {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (name, key) = place.split_once('/').unwrap_or((place, ""));
        let operation = s3_operation(method, name, key, query)?;
        let named = account.filter(|_| !name.is_empty());
        let bucket =
            named.map(|account| BucketKey { account, jurisdiction: jurisdiction.to_owned(), name: name.to_owned() });
        Some(Request { operation, user: self.user, account, zone: None, bucket, ip: self.ip, at: self.at })
    }
}

/// The account, the jurisdiction, and the bucket with what follows it, of an address of R2's S3 face. The bucket may stand
/// in the host, before the account.
fn r2_address(path: &str) -> Option<(Result<AccountId, BadId>, &str, Cow<'_, str>)> {
    let rest = path.strip_prefix("https://")?;
    let (host, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let labels = host.strip_suffix(R2_HOST)?.strip_suffix('.')?;
    let (before, end) = last(labels);
    let (account, jurisdiction, bucket) = match (end.parse(), before) {
        (Err(_), Some(before)) => {
            let (bucket, account) = last(before);
            (account.parse(), end, bucket)
        }
        (account, bucket) => (account, "default", bucket),
    };
    let rest = bucket.map_or(Cow::Borrowed(rest), |bucket| Cow::Owned(format!("{bucket}/{rest}")));
    Some((account, jurisdiction, rest))
}

/// The last of some labels, and those before it.
fn last(labels: &str) -> (Option<&str>, &str) {
    labels.rsplit_once('.').map_or((None, labels), |(before, last)| (Some(before), last))
}

/// The address of R2's S3 face under which the buckets of a jurisdiction are, with a slash behind it.
pub(crate) fn s3_address(bucket: &BucketKey) -> String {
    match bucket.jurisdiction.as_str() {
        "default" => S3.to_owned(),
        jurisdiction => format!("https://{}.{jurisdiction}.{R2_HOST}/", bucket.account),
    }
}

fn before_query(path: &str) -> &str {
    path.split_once(['?', '#']).map_or(path, |(path, _)| path)
}

/// The operation of the S3 face whose path has these parts, and most of the query's parameters.
fn s3_operation(method: Method, bucket: &str, key: &str, query: &str) -> Option<&'static Operation> {
    static ALL: LazyLock<Vec<&Operation>> =
        LazyLock::new(|| operations().iter().filter(|operation| operation.is_s3()).collect());
    let place = match (bucket.is_empty(), key.is_empty()) {
        (true, true) => "",
        (true, false) => return None,
        (false, true) => "{bucket_name}",
        (false, false) => "{bucket_name}/{object_key}",
    };
    let candidates = ALL.iter().filter(|operation| operation.method == method);
    let met = candidates.filter_map(|operation| {
        let (path, wanted) = operation.path().split_once('?').unwrap_or((operation.path(), ""));
        let has = |query: &str, wanted: &str| pairs(query).any(|(key, _)| key == wanted);
        let met = path.strip_prefix(S3) == Some(place) && pairs(wanted).all(|(key, _)| has(query, key));
        met.then(|| (pairs(wanted).count(), wanted, *operation))
    });
    let (_, wanted, operation) = met.max_by_key(|(count, ..)| *count)?;
    let is_other = |(key, value)| names_s3_part(key, value) && pairs(wanted).all(|(wanted, _)| wanted != key);
    (!pairs(query).any(is_other)).then_some(operation)
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| match pair.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (pair, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountId = AccountId::from_u128(0xa1);
    const OTHER: AccountId = AccountId::from_u128(0xa2);
    const ZONE: u128 = 0x21;

    fn call<'a>(method: &'a str, path: &'a str) -> Call<'a> {
        Call { method, path, account: Some(ACCOUNT), user: None, ip: None, at: UnixSeconds(0) }
    }

    fn operation(method: &str, path: &str) -> String {
        call(method, path).request().map_or_else(|error| error.to_string(), |request| request.operation.to_string())
    }

    #[test]
    fn the_path_says_what_is_meant() {
        for path in ["/zones/ID/dns_records", "/client/v4/zones/ID/dns_records/", "/zones/ID/dns_records?per_page=5#x"]
        {
            let path = path.replace("ID", &format!("{ZONE:032x}"));
            let request = call("post", &path).request().unwrap();
            assert_eq!(request.operation.to_string(), "POST /zones/{zone_id}/dns_records");
            assert_eq!(
                (request.account, request.zone),
                (Some(ACCOUNT), Some(flarekeep_catalogue::ZoneId::from_u128(ZONE)))
            );
        }
        let path = format!("/accounts/{OTHER}/workers/scripts");
        let call_there = call("GET", &path);
        let request = call_there.request().unwrap();
        assert_eq!(request.account, Some(OTHER));
        assert_eq!(call_there.owner(&request), Some(Owner::Account(ACCOUNT)));
        assert_eq!(Call { account: None, ..call_there }.owner(&request), Some(Owner::Account(OTHER)));
    }

    #[test]
    fn an_account_is_no_part_of_a_list_and_is_of_a_call_that_makes_a_zone() {
        assert_eq!(call("GET", "/zones").request().unwrap().account, None);
        assert_eq!(call("POST", "/zones").request().unwrap().account, Some(ACCOUNT));
    }

    #[test]
    fn no_operation_and_no_id_are_told_apart() {
        assert_eq!(operation("GET", "/nowhere"), "no operation has this method and path");
        assert_eq!(operation("BREW", "/zones"), "no operation has this method and path");
        assert_eq!(operation("GET", "/client/v4zones"), "no operation has this method and path");
        let error = "`example.com` is not a zone id: an id has 32 hexadecimal digits";
        assert_eq!(operation("GET", "/zones/example.com"), error);
    }

    #[test]
    fn the_s3_face_is_routed_by_its_query() {
        for (method, path, name) in [
            ("GET", "s3://", "GET s3://"),
            ("HEAD", "s3://media", "GET s3://{bucket_name}"),
            ("GET", "s3://media/?list-type=2&prefix=a", "GET s3://{bucket_name}?list-type=2"),
            ("PUT", "s3://media/a/b.css?x-id=PutObject", "PUT s3://{bucket_name}/{object_key}"),
            ("PUT", "s3://media/a?partNumber=1&uploadId=7", "PUT s3://{bucket_name}/{object_key}?partNumber&uploadId"),
            ("POST", "s3://media/a?uploads", "POST s3://{bucket_name}/{object_key}?uploads"),
            ("PATCH", "s3://media/a", "no operation has this method and path"),
            ("PUT", "s3://media?tagging", "no operation has this method and path"),
            ("PUT", "s3://media/a?acl=", "no operation has this method and path"),
        ] {
            assert_eq!(operation(method, path), name);
        }
        let bucket = |path: &str| call("GET", path).request().unwrap().bucket.unwrap().to_string();
        assert_eq!(bucket("s3://media/a"), format!("{ACCOUNT}_default_media"));
        assert_eq!(
            bucket(&format!("https://{OTHER}.r2.cloudflarestorage.com/media/a")),
            format!("{OTHER}_default_media")
        );
        assert_eq!(bucket(&format!("https://{OTHER}.eu.r2.cloudflarestorage.com/media")), format!("{OTHER}_eu_media"));
        assert_eq!(
            bucket(&format!("https://media.{OTHER}.eu.r2.cloudflarestorage.com/a")),
            format!("{OTHER}_eu_media")
        );
        assert_eq!(
            bucket(&format!("https://media.{OTHER}.r2.cloudflarestorage.com/")),
            format!("{OTHER}_default_media")
        );
        let object = format!("https://media.{OTHER}.r2.cloudflarestorage.com/other/a?uploads");
        assert_eq!(operation("POST", &object), "POST s3://{bucket_name}/{object_key}?uploads");
        // Two hosts of one account are not two labels before it.
        assert!(
            operation("GET", &format!("https://a.b.{OTHER}x.r2.cloudflarestorage.com/k"))
                .contains("is not an account id")
        );
        assert!(operation("GET", "https://x.eu.r2.cloudflarestorage.com/media").contains("is not an account id"));
        assert_eq!(operation("GET", &format!("https://{OTHER}.example.com/")), "no operation has this method and path");
    }
}
