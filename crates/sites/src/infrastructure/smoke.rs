//! One question to the router, through the edge, as a visitor asks it.

use std::time::Duration;

use flarekeep_cloudflare::{
    Bytes, HeaderMap, HeaderValue, HttpRequest, HttpTransport, Method, Transport, TransportError, Url,
};
use tokio::time::Instant;

/// The label of a tenant that nobody is: the router knows no site for it, and says so.
const NOBODY: &str = "flarekeep-smoke-test";
/// What the router's own refusals carry (router/src/failure.js), and what its answers from a site carry.
const REFUSAL: &str = "x-flarekeep-error";
const RELEASE: &str = "x-flarekeep-release";
/// The router's word for a host that it knows no site for.
const UNKNOWN: &str = "unknown-host";
/// One question takes at most so long, and the next comes after such a pause.
const TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Smoke {
    /// The router answered as it should.
    Router,
    /// The router answered, and cannot read what it needs: its own word for that.
    Failing {
        /// The word.
        word: String,
    },
    /// Something else answered.
    Another {
        /// The HTTP status.
        status: u16,
    },
    /// Nothing answered: why, in words.
    Nothing {
        /// Why.
        why: String,
    },
}

/// A question to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The host that is asked for.
    pub host: String,
    /// Where it is asked, when that is not the host itself.
    pub edge: Option<Url>,
}

impl Question {
    /// For a tenant of `domain` that nobody is; at `edge`, where the host's own address is not the edge that is meant.
    #[must_use]
    pub fn of(domain: &str, edge: Option<Url>) -> Self {
        Self { host: format!("{NOBODY}.{domain}"), edge }
    }

    /// For `host` itself, whoever's it is; at `edge` as above.
    #[must_use]
    pub fn to(host: &str, edge: Option<Url>) -> Self {
        Self { host: host.to_owned(), edge }
    }

    /// Asks, again and again while the answer is not the router's, for at most `patience`; once where that is nothing.
    pub async fn ask(&self, patience: Duration) -> Smoke {
        let begun = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let answer = self.once().await;
            if answer == Smoke::Router || begun.elapsed() + pause > patience {
                return answer;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn once(&self) -> Smoke {
        match self.send().await {
            Ok((_, _, true)) => Smoke::Router,
            Ok((_, Some(word), _)) if word == UNKNOWN => Smoke::Router,
            Ok((_, Some(word), _)) => Smoke::Failing { word },
            Ok((status, None, false)) => Smoke::Another { status },
            Err(lost) => Smoke::Nothing { why: lost.detail },
        }
    }

    /// Status, the router's word of refusal, and whether the answer is of a release.
    async fn send(&self) -> Result<(u16, Option<String>, bool), TransportError> {
        let unusable = |detail: String| TransportError { stage: flarekeep_cloudflare::Stage::NotSent, detail };
        let url = match &self.edge {
            Some(edge) => edge.clone(),
            None => format!("https://{}/", self.host).parse().map_err(|_| unusable("it is no host".to_owned()))?,
        };
        let transport = match url.scheme() {
            "http" => HttpTransport::loopback(TIMEOUT)?,
            _ => HttpTransport::new(TIMEOUT)?,
        };
        let mut headers = HeaderMap::new();
        if self.edge.is_some() {
            let host = HeaderValue::from_str(&self.host).map_err(|_| unusable("it is no host".to_owned()))?;
            headers.insert("host", host);
        }
        let request = HttpRequest { method: Method::GET, url, headers, body: Bytes::new() };
        let answer = transport.send(request).await?;
        let word = answer.headers.get(REFUSAL).and_then(|word| word.to_str().ok()).map(str::to_owned);
        Ok((answer.status, word, answer.headers.contains_key(RELEASE)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// An edge that answers so, and says which host it was asked for.
    fn asked(answers: &'static [&'static str], patience: Duration) -> (Smoke, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let edge: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let served = std::thread::spawn(move || {
            let mut hosts = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut bytes = [0; 4096];
                let length = stream.read(&mut bytes).unwrap();
                let text = String::from_utf8_lossy(&bytes[..length]).to_lowercase();
                hosts.extend(text.lines().filter_map(|line| line.strip_prefix("host: ")).map(str::to_owned));
                write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            }
            hosts
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(Question::of("example.com", Some(edge)).ask(patience));
        (answer, served.join().unwrap())
    }

    #[test]
    fn the_router_is_known_by_its_own_words() {
        const ONCE: Duration = Duration::ZERO;
        let (answer, hosts) = asked(&["404 Not Found\r\nx-flarekeep-error: unknown-host"], ONCE);
        assert_eq!((answer, hosts), (Smoke::Router, vec!["flarekeep-smoke-test.example.com".to_owned()]));
        assert_eq!(asked(&["200 OK\r\nx-flarekeep-release: r"], ONCE).0, Smoke::Router);
        let failing = asked(&["502 Bad Gateway\r\nx-flarekeep-error: bad-record"], ONCE).0;
        assert_eq!(failing, Smoke::Failing { word: "bad-record".to_owned() });
        assert_eq!(asked(&["404 Not Found"], ONCE).0, Smoke::Another { status: 404 });
        let spreading = &["404 Not Found", "530 Origin", "404 Not Found\r\nx-flarekeep-error: unknown-host"];
        assert_eq!(asked(spreading, Duration::from_secs(20)).0, Smoke::Router);
        let nobody: Url = "http://127.0.0.1:1/".parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let nothing = runtime.block_on(Question::of("example.com", Some(nobody)).ask(ONCE));
        assert!(matches!(nothing, Smoke::Nothing { .. }), "{nothing:?}");
    }
}
