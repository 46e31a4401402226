//! Clients of the S3 face that ask for leave to send (`Expect: 100-continue`), as awscli does for every upload, on
//! connections that are kept: each gets one whole answer to each request, however it sends and reads.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::s3::{Ask, Key, S3, amz_date};
use common::{Local, policy, unlimited};
use flarekeep_catalogue::Scope;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

const LEAVE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
const SIZES: &[usize] = &[1, 7, 16_384, 200_000];
const CONNECTIONS: usize = 24;
/// A load that holds for all ways of sending on every connection, and is over in seconds.
const ROUNDS: usize = 12;

/// When and how a body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// As soon as leave has come.
    OnLeave,
    /// In one piece with the head, without waiting.
    AtOnce,
    /// In several segments, as the head is.
    InPieces,
    /// When leave has not been read for longer than botocore waits, which is a second.
    Late,
}

/// One client's connection.
struct Line {
    stream: TcpStream,
    /// What has been read of the next answer.
    read: Vec<u8>,
    /// Whether it reads few bytes at a time.
    slow: bool,
}

struct Answer {
    /// Whether leave to send came before it.
    leave: bool,
    status: u16,
    head: String,
    body: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_upload_is_answered_under_load() {
    let (s3, writer, _) = face().await;
    let s3 = Arc::new(s3);
    let busy = Busy::start();
    let clients: Vec<_> = (0..CONNECTIONS).map(|at| tokio::spawn(uploads(s3.clone(), writer.clone(), at))).collect();
    for client in clients {
        client.await.unwrap();
    }
    drop(busy);
    for at in 0..CONNECTIONS {
        for round in 0..ROUNDS {
            let kept = s3.send(&writer, Ask::new("GET", &format!("/site/{at}/{round}"))).await;
            assert!(kept.ok().body == content(at, round), "{at}/{round}");
        }
    }
}

async fn uploads(s3: Arc<S3>, writer: Key, at: usize) {
    let mut line = Line::to(&s3, at.is_multiple_of(3)).await;
    for round in 0..ROUNDS {
        let manner = match (at + round) % 11 {
            0 => Manner::Late,
            way => [Manner::OnLeave, Manner::AtOnce, Manner::InPieces][way % 3],
        };
        let body = content(at, round);
        let answer = line.put(&s3, &writer, &format!("/site/{at}/{round}"), &body, manner).await;
        let what = format!("{at}/{round} {manner:?}: {}", answer.head);
        assert!(answer.status == 200 && answer.body.is_empty(), "{what}");
        assert!(answer.leave || manner != Manner::OnLeave, "{what}");
        assert!(!answer.closes(), "{what}");
    }
    line.is_silent().await;
}

#[tokio::test]
async fn an_answer_in_the_place_of_leave_ends_the_connection() {
    let (s3, writer, reader) = face().await;
    for manner in [Manner::OnLeave, Manner::AtOnce, Manner::InPieces] {
        // Nobody asks for an empty body.
        let mut line = Line::to(&s3, false).await;
        let answer = line.put(&s3, &writer, "/site/empty", b"", manner).await;
        assert!(answer.status == 200 && !answer.leave && answer.closes(), "{manner:?}: {}", answer.head);
        line.is_over().await;
        // A client that does not wait can read the answer as well as one that does.
        let mut line = Line::to(&s3, false).await;
        let answer = line.put(&s3, &reader, "/site/refused", &[b'x'; 50_000], manner).await;
        assert!(answer.status == 403 && !answer.leave && answer.closes(), "{manner:?}: {}", answer.head);
        assert!(answer.body.contains("<Code>AccessDenied</Code>"), "{manner:?}: {}", answer.body);
        line.is_over().await;
    }
    s3.send(&writer, Ask::new("GET", "/site/refused")).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn a_refusal_after_leave_keeps_the_connection() {
    let (s3, writer, _) = face().await;
    let mut line = Line::to(&s3, false).await;
    let path = s3.presigned(&writer, "PUT", "/site/a", &amz_date(), 60);
    let wrong = format!("{}Content-MD5: {}\r\n", line.head(&s3, &path, 5), "1B2M2Y8AsgTpgAmY7PhCfg==");
    line.send(&[wrong.as_bytes(), b"\r\n"].concat()).await;
    let leave = line.head_of_next().await;
    line.send(b"hello").await;
    let answer = line.rest(Some(leave)).await;
    assert!(answer.status == 400 && answer.leave && !answer.closes(), "{}", answer.head);
    assert!(answer.body.contains("<Code>BadDigest</Code>"), "{}", answer.body);
    let answer = line.put(&s3, &writer, "/site/a", b"hello", Manner::OnLeave).await;
    assert_eq!((answer.status, answer.leave), (200, true), "{}", answer.head);
}

#[tokio::test]
async fn a_body_that_arrives_after_its_right_is_gone_is_not_written() {
    let local = Local::with(unlimited()).await;
    let s3 = S3::start(&local.emulator).await;
    local.admin("POST", "/accounts/{A}/r2/buckets").json(&json!({"name": "site"})).send().await.result();
    let bucket = local.path("com.cloudflare.edge.r2.bucket.{A}_default_site");
    let policies = |group: &str| vec![policy(json!({ &bucket: "*" }), Scope::Bucket, &[group])];
    let writes = policies("Workers R2 Storage Bucket Item Write");
    let reader = local.user_token(&policies("Workers R2 Storage Bucket Item Read")).await.key();
    let changes = [
        ("DELETE", "", json!({}), 401, "Unauthorized"),
        ("PUT", "/value", json!({}), 401, "Unauthorized"),
        ("PUT", "", json!({"name": "a", "status": "disabled", "policies": &writes}), 401, "Unauthorized"),
        (
            "PUT",
            "",
            json!({"name": "a", "status": "active", "policies": policies("Workers R2 Storage Bucket Item Read")}),
            403,
            "AccessDenied",
        ),
        // One that takes nothing away.
        ("PUT", "", json!({"name": "b", "status": "active", "policies": &writes}), 200, ""),
    ];
    for (at, (method, path, change, status, code)) in changes.into_iter().enumerate() {
        let writer = local.user_token(&writes).await;
        let mut line = Line::to(&s3, false).await;
        let link = s3.presigned(&writer.key(), "PUT", &format!("/site/{at}"), &amz_date(), 60);
        line.send(format!("{}\r\n", line.head(&s3, &link, 5)).as_bytes()).await;
        let leave = line.head_of_next().await;
        assert_eq!(leave, LEAVE);
        local.admin(method, &format!("/user/tokens/{}{path}", writer.id)).json(&change).send().await.result();
        line.send(b"hello").await;
        let answer = line.rest(Some(leave)).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert!(answer.body.contains(code), "{method} {path}: {}", answer.body);
        let kept = s3.send(&reader, Ask::new("GET", &format!("/site/{at}"))).await;
        match status {
            200 => assert_eq!(kept.ok().text(), "hello"),
            _ => kept.refused(404, "NoSuchKey"),
        }
    }
}

/// The S3 face with the bucket `site`, and the keys of one who may write there and of one who may read.
async fn face() -> (S3, Key, Key) {
    let local = Local::with(unlimited()).await;
    let s3 = S3::start(&local.emulator).await;
    local.admin("POST", "/accounts/{A}/r2/buckets").json(&json!({"name": "site"})).send().await.result();
    let bucket = local.path("com.cloudflare.edge.r2.bucket.{A}_default_site");
    let mut keys = Vec::new();
    for group in ["Workers R2 Storage Bucket Item Write", "Workers R2 Storage Bucket Item Read"] {
        let policy = policy(json!({ &bucket: "*" }), Scope::Bucket, &[group]);
        keys.push(local.user_token(&[policy]).await.key());
    }
    let reader = keys.pop().unwrap();
    (s3, keys.pop().unwrap(), reader)
}

fn content(at: usize, round: usize) -> Vec<u8> {
    let size = SIZES[(at * 5 + round) % SIZES.len()];
    (0..size).map(|byte| (byte + at + round) as u8).collect()
}

impl Line {
    async fn to(s3: &S3, slow: bool) -> Self {
        let stream = TcpStream::connect(s3.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new(), slow }
    }

    /// Uploads by a link, and gives the answer, which must come within half a minute.
    async fn put(&mut self, s3: &S3, key: &Key, path: &str, body: &[u8], manner: Manner) -> Answer {
        let link = s3.presigned(key, "PUT", path, &amz_date(), 600);
        let head = format!("{}\r\n", self.head(s3, &link, body.len())).into_bytes();
        let answered = timeout(Duration::from_secs(30), self.exchange(&head, body, manner));
        answered.await.unwrap_or_else(|_| panic!("no answer to {path}, sent {manner:?}"))
    }

    /// The lines of a head, to which more can be added.
    fn head(&self, s3: &S3, link: &str, length: usize) -> String {
        let host = s3.address();
        format!("PUT {link} HTTP/1.1\r\nHost: {host}\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n")
    }

    async fn exchange(&mut self, head: &[u8], body: &[u8], manner: Manner) -> Answer {
        let mut first = None;
        match manner {
            Manner::AtOnce => self.send(&[head, body].concat()).await,
            Manner::OnLeave => {
                self.send(head).await;
                let answer = self.head_of_next().await;
                if answer == LEAVE {
                    self.send(body).await;
                }
                first = Some(answer);
            }
            Manner::InPieces => {
                for piece in head.chunks(head.len() / 3).chain(body.chunks(body.len() / 3 + 1)) {
                    self.send(piece).await;
                    sleep(Duration::from_millis(3)).await;
                }
            }
            Manner::Late => {
                self.send(head).await;
                sleep(Duration::from_millis(1_100)).await;
                self.send(body).await;
            }
        }
        self.rest(first).await
    }

    /// The final answer, of which this has been read.
    async fn rest(&mut self, first: Option<String>) -> Answer {
        let mut head = match first {
            Some(head) => head,
            None => self.head_of_next().await,
        };
        let leave = head == LEAVE;
        if leave {
            head = self.head_of_next().await;
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length: usize = header(&head, "content-length").unwrap().parse().unwrap();
        while self.read.len() < length {
            self.more().await;
        }
        let body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        Answer { leave, status, head, body }
    }

    /// All up to the next empty line.
    async fn head_of_next(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                return String::from_utf8(self.read.drain(..end + 4).collect()).unwrap();
            }
            self.more().await;
        }
    }

    async fn more(&mut self) {
        let mut some = [0; 4_096];
        let some = if self.slow { &mut some[..40] } else { &mut some[..] };
        let count = self.stream.read(some).await.unwrap();
        assert!(count > 0, "the connection ended after {:?}", String::from_utf8_lossy(&self.read));
        self.read.extend_from_slice(&some[..count]);
        if self.slow {
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        // A server that has said no need not take the rest.
        let _ = self.stream.write_all(bytes).await;
    }

    /// Nothing comes that nobody asked for.
    async fn is_silent(&mut self) {
        assert!(self.read.is_empty(), "{:?}", String::from_utf8_lossy(&self.read));
        let more = timeout(Duration::from_millis(50), self.stream.read_u8()).await;
        assert!(more.is_err(), "{more:?}");
    }

    /// The server has closed it, and said nothing more.
    async fn is_over(&mut self) {
        assert!(self.read.is_empty(), "{:?}", String::from_utf8_lossy(&self.read));
        let end = timeout(Duration::from_secs(10), self.stream.read_u8()).await.unwrap();
        assert!(end.is_err(), "{end:?}");
    }
}

impl Answer {
    fn closes(&self) -> bool {
        header(&self.head, "connection") == Some("close")
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find_map(|(given, value)| given.eq_ignore_ascii_case(name).then_some(value))
}

/// Threads that leave the machine no idle moment, until it is dropped.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        for _ in 0..2 {
            let over = over.clone();
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(over)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
