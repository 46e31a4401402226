//! Keys that are a moment old: what R2 grants and refuses may take up to a minute to be true everywhere
//! (docs: r2/reference/consistency).

use std::time::{Duration, Instant};

use flarekeep_sites::s3::{Answer, BoxFuture, HttpWire, Lost, Request, Wire};

/// For how long a refusal may be one of keys that are not known yet.
const NEW: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(1);

/// Sends a request again that keys this new are refused.
pub(super) struct Fresh<W = HttpWire> {
    pub(super) wire: W,
    /// Since when there are these keys.
    pub(super) since: Instant,
}

impl<W: Wire> Wire for Fresh<W> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Lost>> {
        Box::pin(async move {
            let mut request = request;
            while self.since.elapsed() < NEW {
                let again = Request {
                    method: request.method,
                    url: request.url.clone(),
                    headers: request.headers.clone(),
                    body: request.body.clone(),
                };
                match self.wire.send(request).await {
                    Ok(answer) if may_be_too_new(&answer) => tokio::time::sleep(PAUSE).await,
                    other => return other,
                }
                request = again;
            }
            self.wire.send(request).await
        })
    }
}

/// As R2 refuses a key that it does not know, or whose token has no policy yet.
fn may_be_too_new(answer: &Answer) -> bool {
    let says = |code: &str| answer.body.windows(code.len()).any(|part| part == code.as_bytes());
    match answer.status {
        401 => true,
        403 => says("<Code>AccessDenied</Code>") || says("<Code>InvalidAccessKeyId</Code>"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Refuses so many requests, each with this status and code.
    struct Refusing(AtomicUsize, u16, &'static str);

    impl Wire for Refusing {
        fn send(&self, _: Request) -> BoxFuture<'_, Result<Answer, Lost>> {
            let left = self.0.load(Ordering::Relaxed);
            self.0.store(left.saturating_sub(1), Ordering::Relaxed);
            let (status, code) = if left > 0 { (self.1, self.2) } else { (200, "") };
            let body = format!("<Error><Code>{code}</Code></Error>").into();
            Box::pin(async move { Ok(Answer { status, etag: None, retry_after: None, body }) })
        }
    }

    fn status(refusals: usize, status: u16, code: &'static str, since: Instant) -> u16 {
        let wire = Fresh { wire: Refusing(AtomicUsize::new(refusals), status, code), since };
        let request = Request { method: "GET", url: String::new(), headers: Vec::new(), body: Default::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(wire.send(request)).unwrap().status
    }

    #[test]
    fn keys_that_are_refused_at_first_are_tried_again_and_old_ones_are_not() {
        let now = Instant::now();
        assert_eq!(status(1, 401, "Unauthorized", now), 200);
        assert_eq!(status(1, 403, "AccessDenied", now), 200);
        assert_eq!(status(1, 403, "SignatureDoesNotMatch", now), 403, "that does not pass");
        assert_eq!(status(1, 412, "PreconditionFailed", now), 412);
        let Some(long_ago) = now.checked_sub(NEW) else { return };
        assert_eq!(status(1, 403, "AccessDenied", long_ago), 403);
    }
}
