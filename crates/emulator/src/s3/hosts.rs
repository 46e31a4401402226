//! Hosts that name a bucket before the account, `<bucket>.<account id>.r2.cloudflarestorage.com`, as R2's may.

use flarekeep_catalogue::{AccountId, R2_HOST};
use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

/// Tells s3s of the bucket. Any other host says nothing of one: there the path names it.
pub(super) struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match in_host(host) {
            Some((bucket, rest)) => VirtualHost::new(rest).with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}

/// The bucket that a host names, and the host without it.
pub(crate) fn in_host(host: &str) -> Option<(&str, &str)> {
    let (bucket, rest) = host.split_once('.')?;
    let (account, end) = rest.split_at_checked(rest.find('.')?)?;
    let name = end.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let is_r2 =
        name.strip_suffix(R2_HOST).is_some_and(|between| between.ends_with('.') && between.matches('.').count() < 3);
    (is_r2 && account.parse::<AccountId>().is_ok()).then_some((bucket, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_stands_before_the_account() {
        let id = "0123456789abcdef0123456789abcdef";
        for rest in [format!("{id}.{R2_HOST}"), format!("{id}.eu.{R2_HOST}:443")] {
            assert_eq!(in_host(&format!("media.{rest}")), Some(("media", rest.as_str())));
            assert_eq!(in_host(&rest), None);
        }
        for none in ["media.localhost:9000", "127.0.0.1:9000", "", "a.b.r2.cloudflarestorage.com", "media."] {
            assert_eq!(in_host(none), None, "{none}");
        }
        assert_eq!(in_host(&format!("media.{id}.localhost:9000")), None);
    }
}
