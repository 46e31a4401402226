//! One request of a visitor, as curl would send it: the client of the API sends no foreign `Host`.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The longest time that workerd may take to begin.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a page says.
pub(super) struct Page {
    /// `200 OK`; empty where nobody was asked.
    pub(super) status: String,
    /// The release that answered.
    pub(super) release: String,
    /// Its headline.
    pub(super) title: String,
}

impl Page {
    /// Of a status, a release and a page's text.
    pub(super) fn of(status: &str, release: &str, text: &str) -> Self {
        let headline = text.split_once("<h1>").and_then(|(_, rest)| rest.split_once("</h1>"));
        let title = headline.map_or("", |(title, _)| title);
        Self { status: status.to_owned(), release: release.to_owned(), title: title.to_owned() }
    }
}

/// The first page of `host` at the edge, whose address is `http://ADDRESS:PORT`.
///
/// # Errors
/// When nobody answers.
pub(super) fn page(url: &str, host: &str) -> io::Result<Page> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split_once(' ')).map_or("", |(_, status)| status);
    let release = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| *name == "x-flarekeep-release");
    Ok(Page::of(status, release.map_or("", |(_, value)| value.trim()), body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = String::new();
            while !asked.ends_with("\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                asked.push(char::from(byte[0]));
            }
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nx-flarekeep-release: 06g2\r\ncontent-length: 15\r\n\r\n<h1>Hello.</h1>")
                .unwrap();
            asked
        });
        let page = page(&url, "acme.example.com").unwrap();
        assert!(server.join().unwrap().contains("host: acme.example.com\r\n"));
        assert_eq!((page.status.as_str(), page.release.as_str(), page.title.as_str()), ("200 OK", "06g2", "Hello."));
        assert_eq!(Page::of("", "", "no headline").title, "");
    }
}
