//! Taking a request to a process, and its answer back.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, request};
use hyper::client::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;

use super::config::{CF, KEY, SCHEME};
use super::process::Process;

/// What is told of a visitor.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) from: From,
    pub(super) ray: String,
    pub(super) scheme: String,
    /// `request.cf`.
    pub(super) cf: Value,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum From {
    /// From a visitor, whose address may not be known.
    Outside(Option<IpAddr>),
    /// From a Worker, after so many calls of one Worker by another.
    Worker(u32),
}

/// What a visitor is not believed.
const EDGES_OWN: [&str; 11] = [
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "cf-ipcountry",
    "cf-ray",
    "cf-visitor",
    "cf-worker",
    "cdn-loop",
    "true-client-ip",
    "x-real-ip",
    "x-forwarded-for",
    "x-forwarded-proto",
];

/// Tells how often Workers called each other so far (RFC 8586). A Worker that hands its request on hands it on too.
const LOOP: &str = "cdn-loop";
const CALLS: &str = "flarekeep; subreqs=";

/// How often Workers called each other before this request.
pub(super) fn depth(headers: &HeaderMap) -> u32 {
    let told = headers.get(LOOP).and_then(|value| value.to_str().ok()?.strip_prefix(CALLS)?.parse().ok());
    told.unwrap_or_default()
}

impl Visitor {
    /// The least of `request.cf`, with the metadata of a custom hostname. The place is `LOC`: none of Cloudflare's.
    pub(super) fn cf(metadata: Option<Value>) -> Value {
        let mut cf = json!({
            "colo": "LOC", "country": "XX", "httpProtocol": "HTTP/1.1", "tlsVersion": "", "tlsCipher": "",
            "requestPriority": "", "edgeRequestKeepAliveStatus": 1,
        });
        if let (Some(cf), Some(metadata)) = (cf.as_object_mut(), metadata.filter(|metadata| !metadata.is_null())) {
            cf.insert("hostMetadata".to_owned(), metadata);
        }
        cf
    }
}

/// A request as a Worker is to see it: of a visitor's, without what belongs to the connection.
pub(super) fn prepared(mut parts: request::Parts, visitor: &Visitor) -> request::Parts {
    let upgrade = parts.headers.get(header::UPGRADE).cloned().filter(|_| wants_upgrade(&parts.headers));
    drop_hops(&mut parts.headers);
    let headers = &mut parts.headers;
    if let Some(protocol) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, protocol);
    }
    headers.remove(KEY);
    if matches!(visitor.from, From::Outside(_)) {
        for name in EDGES_OWN {
            headers.remove(name);
        }
    }
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set(SCHEME, visitor.scheme.clone());
    set(CF, visitor.cf.to_string());
    match visitor.from {
        From::Outside(ip) => {
            for name in ["cf-connecting-ip", "x-real-ip", "x-forwarded-for"] {
                ip.into_iter().for_each(|ip| set(name, ip.to_string()));
            }
            set("x-forwarded-proto", visitor.scheme.clone());
            set("cf-visitor", json!({"scheme": visitor.scheme}).to_string());
            set("cf-ipcountry", "XX".to_owned());
            set("cf-ray", visitor.ray.clone());
        }
        From::Worker(depth) => set(LOOP, format!("{CALLS}{depth}")),
    }
    // To workerd the path alone, as to any server; the host is a header.
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path } else { "/" };
    parts.uri = path.parse().unwrap_or_default();
    parts
}

/// Sends a request over a connection, and gives the answer while its body still comes. The process lives as long.
pub(super) async fn send<H: Send + 'static>(
    stream: UnixStream,
    process: Arc<Process>,
    held: H,
    parts: request::Parts,
    body: Body,
) -> Result<Response<Body>, hyper::Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // How it ended is told by what the sender gives.
        let _ = connection.with_upgrades().await;
        drop((process, held));
    });
    let mut request = Request::from_parts(parts, body);
    let visitor = request.extensions_mut().remove::<OnUpgrade>();
    let mut response = sender.send_request(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(visitor) = visitor
    {
        let worker = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            if let (Ok(visitor), Ok(worker)) = tokio::join!(visitor, worker) {
                // Either side may end it at any time.
                let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(visitor), &mut TokioIo::new(worker)).await;
            }
        });
    } else {
        drop_hops(response.headers_mut());
    }
    Ok(response.map(Body::new))
}

/// What workerd answers to an exception that nobody caught.
pub(super) const EXCEPTION: &[u8] = b"Internal Server Error";

/// Whether an answer may be workerd's own to an exception: it has no type, and the length of [`EXCEPTION`].
pub(super) fn may_be_exception<B>(response: &Response<B>) -> bool {
    response.status() == StatusCode::INTERNAL_SERVER_ERROR
        && response.headers().get(header::CONTENT_TYPE).is_none()
        && response.headers().get(header::CONTENT_LENGTH).is_some_and(|length| length == "21")
}

fn wants_upgrade(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case("upgrade"))
}

/// Removes what is of one connection (RFC 9110, section 7.6.1).
fn drop_hops(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name| *name != header::HOST)
        .collect();
    let usual = [header::CONNECTION, header::TE, header::TRAILER, header::TRANSFER_ENCODING, header::UPGRADE];
    for name in named.into_iter().chain(usual) {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection", "proxy-authorization"] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_cannot_say_what_the_edge_says() {
        let request = Request::builder()
            .uri("http://h/a?b")
            .header(CF, "{}")
            .header(KEY, "x")
            .header("cf-connecting-ip", "8.8.8.8")
            .header("connection", "x-own, close")
            .header("x-own", "1")
            .header("x-kept", "1")
            .body(())
            .unwrap();
        let visitor = Visitor {
            from: From::Outside(Some([127, 0, 0, 1].into())),
            ray: "ray".to_owned(),
            scheme: "https".to_owned(),
            cf: Visitor::cf(Some(json!({"tenant": "a"}))),
        };
        let parts = prepared(request.into_parts().0, &visitor);
        assert_eq!(parts.uri, "/a?b");
        assert!(parts.headers.get(KEY).is_none() && parts.headers.get("x-own").is_none());
        assert_eq!(parts.headers["cf-connecting-ip"], "127.0.0.1");
        assert_eq!(parts.headers["x-kept"], "1");
        let cf: Value = serde_json::from_slice(parts.headers[CF].as_bytes()).unwrap();
        assert_eq!(cf["hostMetadata"]["tenant"], "a");
        // Nor where the edge knows less of it.
        let request = Request::builder().header("cf-connecting-ip", "8.8.8.8").header(LOOP, format!("{CALLS}3"));
        let unknown = Visitor { from: From::Outside(None), ..visitor };
        let parts = prepared(request.body(()).unwrap().into_parts().0, &unknown);
        assert!(parts.headers.get("cf-connecting-ip").is_none());
        assert_eq!(depth(&parts.headers), 0);
    }

    #[test]
    fn a_worker_hands_on_what_it_was_told() {
        let request = Request::builder().header("cf-connecting-ip", "8.8.8.8").body(()).unwrap();
        let visitor =
            Visitor { from: From::Worker(7), ray: String::new(), scheme: "https".to_owned(), cf: Value::Null };
        let parts = prepared(request.into_parts().0, &visitor);
        assert_eq!((&parts.headers["cf-connecting-ip"], depth(&parts.headers)), (&"8.8.8.8".parse().unwrap(), 7));
    }
}
