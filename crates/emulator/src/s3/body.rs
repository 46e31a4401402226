//! Bodies: one that can be taken over from who gave it up, and reading one whole.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::{Stream, StreamExt};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3Result, s3_error};

use crate::objects::{Fault, md5};

/// A body that two hold: the one reads it, and when that one gives up, the other takes the rest from the wire, so that a
/// client that is refused while it sends can read why.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<BodyDataStream>>);

impl Shared {
    pub(super) fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body.into_data_stream())))
    }
}

impl Stream for Shared {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context) -> Poll<Option<Self::Item>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.poll_next_unpin(context)
    }
}

/// Reads a body whole, up to the capacity, and compares it with its MD5 where the caller sent one.
pub(super) async fn read(body: Option<StreamingBlob>, digest: Option<&str>, capacity: u64) -> S3Result<Bytes> {
    let mut whole = Vec::new();
    let mut body = body;
    while let Some(chunk) = match &mut body {
        Some(body) => body.next().await,
        None => None,
    } {
        let chunk = chunk.map_err(|error| match error.downcast::<S3Error>() {
            Ok(error) => *error,
            // What was signed is told from what came by the end of the body, so that both end here.
            Err(error) => s3_error!(IncompleteBody, "The body ended early, or is not what was signed: {error}"),
        })?;
        if (whole.len() + chunk.len()) as u64 > capacity {
            return Err(Fault::Full { capacity }.into());
        }
        whole.extend_from_slice(&chunk);
    }
    if let Some(digest) = digest {
        use base64::Engine;
        let expected = base64::engine::general_purpose::STANDARD.decode(digest).unwrap_or_default();
        if expected != md5(&whole) {
            return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."));
        }
    }
    Ok(Bytes::from(whole))
}
