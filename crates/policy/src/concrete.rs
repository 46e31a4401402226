//! A call's path with ids in the place of its parameters.

use crate::call::{S3, s3_address};
use crate::request::Request;

/// Stands for an id of which nothing is known.
const SOME_ID: &str = "0123456789abcdef0123456789abcdef";
/// Stands for a name.
const SOME_NAME: &str = "example";

impl Request {
    /// The path of the call below `/client/v4`: the account, the zone and the bucket are those of the request, every other
    /// parameter is a stand-in. For R2's S3 face `s3://bucket/key`, or the whole address of a bucket in a jurisdiction:
    /// [`crate::Call`] reads both.
    #[must_use]
    pub fn path(&self) -> String {
        let operation = self.operation;
        let template = operation.path().split('#').next().unwrap_or_default();
        let mut first = true;
        let mut path = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
        {
            path.push_str(before);
            path.push_str(&self.parameter(name, std::mem::take(&mut first)));
            rest = after;
        }
        path.push_str(rest);
        match (&self.bucket, path.strip_prefix(S3)) {
            (Some(bucket), Some(rest)) => s3_address(bucket) + rest,
            _ => path,
        }
    }

    fn parameter(&self, name: &str, is_first: bool) -> String {
        let operation = self.operation;
        let place = match is_first {
            true if operation.names_account() => self.account.map(|id| id.to_string()),
            true if operation.names_zone() => self.zone.map(|id| id.to_string()),
            true if operation.names_bucket() => self.bucket.as_ref().map(|bucket| bucket.name.clone()),
            _ => None,
        };
        let is_name = ["name", "key", "slug"].iter().any(|end| name.ends_with(end));
        place.unwrap_or_else(|| if is_name { SOME_NAME } else { SOME_ID }.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::{AccountId, ZoneId, operations, route};

    use super::*;
    use crate::call::Call;
    use crate::resource::BucketKey;
    use crate::token::UnixSeconds;

    #[test]
    fn the_path_of_an_object_leads_back_to_its_bucket() {
        for operation in operations().iter().filter(|operation| operation.names_bucket()) {
            for jurisdiction in ["default", "eu", "fedramp"] {
                let account = AccountId::from_u128(0xa1);
                let bucket = BucketKey { account, jurisdiction: jurisdiction.to_owned(), name: "media".to_owned() };
                let (account, bucket) = (Some(account), Some(bucket));
                let at = UnixSeconds(0);
                let request = Request { operation, user: None, account, zone: None, bucket, ip: None, at };
                let (method, path) = (operation.method.as_str(), request.path());
                let again = Call { method, path: &path, account, user: None, ip: None, at }.request().unwrap();
                assert_eq!((again.operation, again.bucket), (operation, request.bucket), "{path}");
            }
        }
    }

    #[test]
    fn every_path_leads_back_to_its_operation() {
        for operation in operations().iter().filter(|operation| operation.is_routed()) {
            let (account, zone) = (Some(AccountId::from_u128(0xa1)), Some(ZoneId::from_u128(0x21)));
            let request = Request { operation, user: None, account, zone, bucket: None, ip: None, at: UnixSeconds(0) };
            let path = request.path();
            let routed = route(operation.method, &path).unwrap();
            assert_eq!(routed.operation, operation, "{path}");
            assert!(!path.contains('{'), "{path}");
            if operation.names_zone() {
                assert_eq!(routed.zone(), Some("00000000000000000000000000000021"));
            }
        }
    }
}
