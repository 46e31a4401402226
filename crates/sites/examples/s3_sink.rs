//! A bare S3 sink for measurements: it takes every PUT, remembers pointers and manifests and of all else the name and size,
//! and checks no signature. `s3_sink [LATENCY_MS [etags]]` prints its address and serves until it is killed. With `etags` an
//! object's ETag is its MD5, as programs want it that compare before they upload.
//! `GET /puts` answers how many PUTs there have been.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use md5::{Digest, Md5};

#[derive(Default)]
struct Sink {
    latency: Duration,
    etags: bool,
    puts: AtomicUsize,
    /// Pointers and manifests, by target.
    kept: Mutex<HashMap<String, Vec<u8>>>,
    /// What a listing shows: by key the ETag, the size and the time.
    listed: Mutex<BTreeMap<String, (String, usize, String)>>,
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let latency = arguments.next().and_then(|text| text.parse().ok()).map_or(Duration::ZERO, Duration::from_millis);
    let sink = Arc::new(Sink { latency, etags: arguments.next().is_some(), ..Sink::default() });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, sink) = (stream?, sink.clone());
        std::thread::spawn(move || drop(sink.serve(stream)));
    }
    Ok(())
}

impl Sink {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut writer = stream.try_clone()?;
        let mut reader = BufReader::with_capacity(64 << 10, stream);
        let (mut line, mut body) = (String::new(), Vec::new());
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let mut words = line.split(' ');
            let (method, target) =
                (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
            let mut length = 0;
            loop {
                line.clear();
                reader.read_line(&mut line)?;
                if line.trim().is_empty() {
                    break;
                }
                let header = line.to_ascii_lowercase();
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                } else if header.starts_with("expect: 100-continue") {
                    writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
                }
            }
            body.resize(length, 0);
            reader.read_exact(&mut body)?;
            if !self.latency.is_zero() {
                std::thread::sleep(self.latency);
            }
            writer.write_all(&self.answer(&method, &target, &body))?;
        }
    }

    fn answer(&self, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match method {
            "PUT" => self.put(path, body),
            "DELETE" => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
            "GET" if target == "/puts" => found(self.puts.load(Ordering::Relaxed).to_string().as_bytes()),
            "GET" if query.contains("list-type=2") => found(self.listing(query).as_bytes()),
            "GET" => match self.kept.lock().unwrap().get(path) {
                Some(bytes) => found(bytes),
                None => answer("404 Not Found", b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"),
            },
            "HEAD" => match self.listed.lock().unwrap().get(key(path)) {
                Some((etag, size, _)) => format!(
                    "HTTP/1.1 200 OK\r\netag: \"{etag}\"\r\nlast-modified: {MODIFIED}\r\ncontent-length: {size}\r\n\r\n"
                )
                .into_bytes(),
                None => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
            },
            _ => answer("200 OK", b""),
        }
    }

    fn put(&self, path: &str, body: &[u8]) -> Vec<u8> {
        self.puts.fetch_add(1, Ordering::Relaxed);
        if ["/current.json", ".bin"].iter().any(|end| path.ends_with(end)) {
            self.kept.lock().unwrap().insert(path.to_owned(), body.to_vec());
        }
        let (mut etag, mut time) = ("0123456789abcdef0123456789abcdef-1".to_owned(), String::new());
        if self.etags {
            time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
            etag = Md5::digest(body).iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            });
        }
        self.listed.lock().unwrap().insert(key(path).to_owned(), (etag.clone(), body.len(), time));
        format!("HTTP/1.1 200 OK\r\netag: \"{etag}\"\r\ncontent-length: 0\r\n\r\n").into_bytes()
    }

    /// A page of 1,000. The token is the last key before it.
    fn listing(&self, query: &str) -> String {
        let parameter = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pair.unwrap_or_default().replace("%2F", "/").replace("%2f", "/")
        };
        let (prefix, token) = (parameter("prefix"), parameter("continuation-token"));
        let listed = self.listed.lock().unwrap();
        let from = if token.is_empty() { Bound::Included(prefix.clone()) } else { Bound::Excluded(token) };
        let mut rows = listed.range((from, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(&prefix));
        let mut text = "<?xml version=\"1.0\"?><ListBucketResult>".to_owned();
        let (mut last, mut count) = (None, 0);
        for (key, (etag, size, time)) in rows.by_ref().take(1_000) {
            let _ = write!(
                text,
                "<Contents><Key>{key}</Key><LastModified>{time}</LastModified>\
                 <ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            );
            (last, count) = (Some(key), count + 1);
        }
        let next = last.filter(|_| rows.next().is_some());
        let _ = write!(text, "<KeyCount>{count}</KeyCount><IsTruncated>{}</IsTruncated>", next.is_some());
        if let Some(next) = next {
            let _ = write!(text, "<NextContinuationToken>{next}</NextContinuationToken>");
        }
        text + "</ListBucketResult>"
    }
}

const MODIFIED: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

/// Of a path `/bucket/key`.
fn key(path: &str) -> &str {
    path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key)
}

fn found(body: &[u8]) -> Vec<u8> {
    answer("200 OK", body)
}

fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/xml\r\netag: \"1-1\"\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
