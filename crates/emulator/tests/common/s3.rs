//! A small S3 client: AWS Signature Version 4 as Amazon documents it, beside the one that the emulator is built with.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request};
use flarekeep_emulator::{Emulator, Running, Server};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::Minted;

/// The S3 face of an emulator, and a client of it.
pub struct S3 {
    running: Running,
    client: Client<HttpConnector, Body>,
}

/// A pair of S3 credentials.
#[derive(Debug, Clone)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

/// A request that is being made.
#[derive(Clone)]
pub struct Ask {
    pub method: String,
    /// Encoded, with its query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// What `x-amz-content-sha256` says; the body's own hash where it is none.
    pub payload: Option<String>,
    /// Where the request claims to be sent to.
    pub host: Option<String>,
    /// Headers that are sent and not signed.
    pub unsigned: Vec<&'static str>,
    /// What is signed in the path's place, where that is another spelling of it.
    pub signed_path: Option<String>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Minted {
    /// The S3 credentials of the token: its id, and the SHA-256 of its value.
    pub fn key(&self) -> Key {
        Key { id: self.id.clone(), secret: hex(&Sha256::digest(&self.value)) }
    }
}

impl S3 {
    pub async fn start(emulator: &Emulator) -> Self {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let mut running = Server::start(emulator.clone(), any).await.unwrap();
        running.serve_s3(emulator, any).await.unwrap();
        Self { running, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub fn address(&self) -> String {
        self.running.s3_endpoint().unwrap().trim_start_matches("http://").to_owned()
    }

    /// Sends a request that is signed in its headers.
    pub async fn send(&self, key: &Key, ask: Ask) -> Reply {
        let host = ask.host.clone().unwrap_or_else(|| self.address());
        let time = amz_date();
        let payload = ask.payload.clone().unwrap_or_else(|| hex(&Sha256::digest(&ask.body)));
        let mut headers = ask.headers.clone();
        headers.push(("host".to_owned(), host));
        headers.push(("x-amz-date".to_owned(), time.clone()));
        headers.push(("x-amz-content-sha256".to_owned(), payload.clone()));
        headers.sort();
        let (unsigned, mut headers): (Vec<_>, Vec<_>) =
            headers.into_iter().partition(|(name, _)| ask.unsigned.contains(&name.as_str()));
        let signed = ask.signed_path.as_deref().unwrap_or(&ask.path);
        let signature = signature(key, &ask.method, signed, &headers, &payload, &time);
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={signature}",
            key.id,
            scope(&time),
            names.join(";")
        );
        headers.push(("authorization".to_owned(), authorization));
        headers.extend(unsigned);
        self.raw(&ask.method, &ask.path, &headers, ask.body).await
    }

    /// Sends a request that is signed in its query, as a browser would with the link.
    pub async fn send_presigned(&self, key: &Key, method: &str, path: &str, time: &str, lifetime: u32) -> Reply {
        let headers = [("host".to_owned(), self.address())];
        let link = self.presigned(key, method, path, time, lifetime);
        self.raw(method, &link, &headers, Bytes::new()).await
    }

    /// A link that is signed in its query, along with what the path's query holds.
    pub fn presigned(&self, key: &Key, method: &str, path: &str, time: &str, lifetime: u32) -> String {
        let headers = [("host".to_owned(), self.address())];
        let credential = format!("{}/{}", key.id, scope(time)).replace('/', "%2F");
        let join = if path.contains('?') { '&' } else { '?' };
        let path = format!(
            "{path}{join}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={time}\
             &X-Amz-Expires={lifetime}&X-Amz-SignedHeaders=host"
        );
        let signature = signature(key, method, &path, &headers, "UNSIGNED-PAYLOAD", time);
        format!("{path}&X-Amz-Signature={signature}")
    }

    /// Sends what is given, signed or not.
    pub async fn raw(&self, method: &str, path: &str, headers: &[(String, String)], body: Bytes) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address()));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = self.client.request(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

impl Ask {
    pub fn new(method: &str, path: &str) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        let (headers, unsigned) = (Vec::new(), Vec::new());
        Self { method, path, headers, body: Bytes::new(), payload: None, host: None, unsigned, signed_path: None }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The text of the first XML element with this name.
    pub fn element(&self, name: &str) -> String {
        self.elements(name).into_iter().next().unwrap_or_default()
    }

    /// The texts of all XML elements with this name.
    pub fn elements(&self, name: &str) -> Vec<String> {
        let text = self.text();
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let behind = text.split(open.as_str()).skip(1);
        behind.filter_map(|rest| Some(rest.split_once(close.as_str())?.0.to_owned())).collect()
    }

    /// An error with this status and code.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.element("Code").as_str()), (status, code), "{}", self.text());
    }

    #[track_caller]
    pub fn ok(&self) -> &Self {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        self
    }
}

/// The present time, `20130524T000000Z`.
pub fn amz_date() -> String {
    amz_date_of(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64)
}

pub fn amz_date_of(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap().to_string().replace(['-', ':'], "")
}

fn scope(time: &str) -> String {
    format!("{}/auto/s3/aws4_request", &time[..8])
}

fn signature(key: &Key, method: &str, path: &str, headers: &[(String, String)], payload: &str, time: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
        .collect();
    pairs.sort();
    let listed: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let canonical = format!("{method}\n{path}\n{}\n{listed}\n{}\n{payload}", pairs.join("&"), names.join(";"));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{}\n{}", scope(time), hex(&Sha256::digest(canonical.as_bytes())));
    let mut signing = hmac(format!("AWS4{}", key.secret).as_bytes(), &time[..8]);
    for step in ["auto", "s3", "aws4_request", &to_sign] {
        signing = hmac(&signing, step);
    }
    hex(&signing)
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
