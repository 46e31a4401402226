//! A small proxy between the program and the emulator that breaks what it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the proxy does with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Passes the request on and the answer back.
    Forward,
    /// Passes the request on, waits for the answer, and cuts the connection instead of giving it back.
    ForwardAndCut,
    /// Cuts the connection; the request goes nowhere.
    Cut,
    /// Reads the request and never answers.
    Hang,
    /// Answers itself: status line, headers and body.
    Answer(String),
}

/// A proxy that runs until it is dropped with the process.
pub(crate) struct Proxy {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// `rule` gets each request as `METHOD path` with its number among all of the same text, from 1 on.
    pub(crate) fn before(upstream: SocketAddr, rule: impl Fn(&str, usize) -> Deed + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, rule) = (seen.clone(), Arc::new(rule));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, rule) = (log.clone(), rule.clone());
                std::thread::spawn(move || {
                    let _ = serve(stream, upstream, &log, rule.as_ref());
                });
            }
        });
        Self { address, seen }
    }

    /// A server that is nothing but a fixed answer.
    pub(crate) fn answering(answer: String) -> Self {
        Self::before(([127, 0, 0, 1], 1).into(), move |_, _| Deed::Answer(answer.clone()))
    }

    pub(crate) fn api_url(&self) -> String {
        format!("http://{}/client/v4", self.address)
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// An answer, whole.
pub(crate) fn answer(status: &str, content_type: &str, extra: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n{extra}connection: close\r\n\r\n{body}"
    )
}

/// One request a connection: every answer says `connection: close`.
fn serve(
    mut stream: TcpStream,
    upstream: SocketAddr,
    log: &Mutex<Vec<String>>,
    rule: &(impl Fn(&str, usize) -> Deed + ?Sized),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let (name, value) = line.split_once(':').unwrap_or((line.as_str(), ""));
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            break;
        }
        if !name.eq_ignore_ascii_case("connection") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut first = head.split_whitespace();
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default().trim_start_matches("/client/v4");
    let request = format!("{method} {path}");
    let number = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.iter().filter(|seen| **seen == request).count()
    };
    let passed_on = || -> std::io::Result<Vec<u8>> {
        let mut server = TcpStream::connect(upstream)?;
        server.write_all(head.as_bytes())?;
        server.write_all(b"connection: close\r\n\r\n")?;
        server.write_all(&body)?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        Ok(answer)
    };
    match rule(&request, number) {
        Deed::Forward => stream.write_all(&passed_on()?),
        Deed::ForwardAndCut => passed_on().map(|_| ()),
        Deed::Cut => Ok(()),
        Deed::Hang => reader.read_to_end(&mut Vec::new()).map(|_| ()),
        Deed::Answer(answer) => stream.write_all(answer.as_bytes()),
    }
}
