//! Calls of clients that take another address for the API and ask for no proxy: `http://127.0.0.1:PORT/SECRET/client/v4/…`, in
//! clear on loopback. The secret of the run stands in the path.

use flarekeep_catalogue::API_HOST;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Uri};

use crate::forward::Place;
use crate::hosts::Face;
use crate::secret::Secret;

/// The request as Cloudflare's own host would get it, where it says the secret.
pub(crate) fn addressed(secret: &Secret, request: &mut Request<Incoming>) -> Option<Place> {
    if request.method() == Method::CONNECT || request.uri().authority().is_some() {
        return None;
    }
    let rest = rest(secret, request.uri().path_and_query()?.as_str())?;
    *request.uri_mut() = Uri::from(rest);
    request.headers_mut().insert(HOST, HeaderValue::from_static(API_HOST));
    Some(Place { face: Face::Api, host: API_HOST.to_owned() })
}

/// What follows the secret.
fn rest(secret: &Secret, path: &str) -> Option<PathAndQuery> {
    let (first, rest) = path.strip_prefix('/')?.split_once('/')?;
    secret.is(first).then(|| format!("/{rest}").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_stands_before_the_path() {
        let secret = Secret::generated().unwrap();
        let value = secret.user_part().split(':').nth(1).unwrap().to_owned();
        let found = rest(&secret, &format!("/{value}/client/v4/zones?name=a%2Fb"));
        assert_eq!(found.unwrap().as_str(), "/client/v4/zones?name=a%2Fb");
        for wrong in
            ["/client/v4/zones", "/", "", "//client/v4", &format!("/{}/client", &value[1..]), &format!("/{value}")]
        {
            assert!(rest(&secret, wrong).is_none(), "{wrong}");
        }
    }
}
