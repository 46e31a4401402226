//! Bodies that are read along while they pass, up to a bound.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, SizeHint};
use serde::Deserialize;

use crate::exchange::{Exchange, Observer};

/// How much of a body is kept.
const KEPT: usize = 64 << 10;
/// How many codes are told of an answer.
const MOST_CODES: usize = 16;

/// What goes wrong with a body.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
/// A body of whatever kind.
pub(crate) type AnyBody = UnsyncBoxBody<Bytes, Failure>;

/// A body, and what is done with its beginning when it has ended, or will go no further: none where it is longer than
/// what is kept.
pub(crate) struct Watched<B> {
    body: B,
    kept: Option<Vec<u8>>,
    done: Option<Done>,
}

type Done = Box<dyn FnOnce(Option<Vec<u8>>) + Send>;

/// An exchange that is told when it is let go, whatever became of it by then.
pub(crate) struct Pending {
    exchange: Option<Exchange>,
    observer: Arc<dyn Observer>,
}

impl<B> Watched<B> {
    pub(crate) fn new(body: B, done: impl FnOnce(Option<Vec<u8>>) + Send + 'static) -> Self {
        Self { body, kept: Some(Vec::new()), done: Some(Box::new(done)) }
    }

    fn keep(&mut self, data: &[u8]) {
        if let Some(kept) = &mut self.kept {
            match kept.len() + data.len() <= KEPT {
                true => kept.extend_from_slice(data),
                false => self.finish_without(),
            }
        }
    }

    /// What comes is too long: whoever waits for it need not.
    fn finish_without(&mut self) {
        self.kept = None;
        self.finish();
    }

    fn finish(&mut self) {
        if let Some(done) = self.done.take() {
            done(self.kept.take());
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.keep(data);
                }
            }
            Some(Err(_)) => self.finish_without(),
            None => self.finish(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Watched<B> {
    fn drop(&mut self) {
        // Who knows the length asks for no end; and a beginning that is no whole JSON tells nothing.
        self.finish();
    }
}

impl Pending {
    pub(crate) fn new(exchange: Exchange, observer: Arc<dyn Observer>) -> Self {
        Self { exchange: Some(exchange), observer }
    }

    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Exchange)) {
        self.exchange.as_mut().map(change);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(mut exchange) = self.exchange.take() {
            exchange.at = SystemTime::now();
            self.observer.exchange(exchange);
        }
    }
}

/// The codes of an answer's errors, as far as it is an envelope of the API.
pub(crate) fn codes(answer: &[u8]) -> Vec<u32> {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(default)]
        errors: Option<Vec<Fault>>,
    }
    #[derive(Deserialize)]
    struct Fault {
        #[serde(default)]
        code: serde_json::Value,
    }
    let envelope: Option<Envelope> = serde_json::from_slice(answer).ok();
    let faults = envelope.and_then(|envelope| envelope.errors).unwrap_or_default();
    let code = |fault: &Fault| match &fault.code {
        serde_json::Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|code| u32::try_from(code).ok()),
    };
    faults.iter().filter_map(code).take(MOST_CODES).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http_body_util::{BodyExt, Full};

    use super::*;

    #[test]
    fn codes_are_read_from_envelopes_and_from_nothing_else() {
        assert_eq!(
            codes(br#"{"result":null,"errors":[{"code":10000,"message":"x"},{"code":"7003"},{}],"success":false}"#),
            [10000, 7003]
        );
        for none in [
            "",
            "[]",
            "{",
            r#"{"errors":null}"#,
            r#"{"errors":{"code":1}}"#,
            r#"{"errors":[{"code":-1},{"code":1e99}]}"#,
        ] {
            assert!(codes(none.as_bytes()).is_empty(), "{none}");
        }
        let many = format!(r#"{{"errors":[{}]}}"#, vec![r#"{"code":1}"#; 100].join(","));
        assert_eq!(codes(many.as_bytes()).len(), MOST_CODES);
        assert!(codes("[".repeat(100_000).as_bytes()).is_empty());
    }

    #[tokio::test]
    async fn a_beginning_is_kept_when_it_is_the_whole() {
        let seen = Arc::new(Mutex::new(None));
        for (length, whole) in [(0, true), (KEPT, true), (KEPT + 1, false)] {
            let told = seen.clone();
            let body = Full::new(Bytes::from(vec![1; length]));
            let watched = Watched::new(body, move |kept| *told.lock().unwrap() = Some(kept.map(|kept| kept.len())));
            assert_eq!(watched.collect().await.unwrap().to_bytes().len(), length);
            assert_eq!(seen.lock().unwrap().take(), Some(whole.then_some(length)));
        }
        let told = seen.clone();
        drop(Watched::new(Full::new(Bytes::new()), move |kept| {
            *told.lock().unwrap() = Some(kept.map(|kept| kept.len()));
        }));
        assert_eq!(seen.lock().unwrap().take(), Some(Some(0)));
    }
}
