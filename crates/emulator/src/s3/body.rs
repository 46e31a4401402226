//! Bodies: one that can be taken over from who gave it up, and reading one whole.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use futures_util::{Stream, StreamExt};
use s3s::dto::StreamingBlob;
use s3s::stream::{ByteStream, DynByteStream};
use s3s::{S3Error, S3Result, StdError, s3_error};
use sha2::{Digest, Sha256};

use super::fault::coded;
use super::mending::MISMATCH;
use crate::credential::hex;
use crate::emulator::Inner;
use crate::objects::{Fault, Taken, md5};

/// A body that two hold: the one reads it, and when that one gives up, the other takes the rest from the wire, so that a
/// client that is refused while it sends can read why.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Wire>>);

struct Wire {
    body: BodyDataStream,
    /// Whether somebody has asked for any of it, which gives a client that waits leave to send.
    begun: bool,
    /// The hash so far and the one that was signed, of a body that s3s reads for itself.
    hashed: Option<(Sha256, String)>,
}

impl Shared {
    /// Takes a request's body.
    pub(super) fn new(body: Body, head: &Parts) -> Self {
        let signed = head.headers.get("x-amz-content-sha256").and_then(|hash| hash.to_str().ok());
        // s3s reads XML by itself, and calls every fault in reading it its own.
        let xml = head.method == Method::POST || head.uri.path().trim_matches('/').find('/').is_none();
        let signed = signed.filter(|hash| xml && hash.len() == 64).map(|hash| (Sha256::new(), hash.to_owned()));
        Self(Arc::new(Mutex::new(Wire { body: body.into_data_stream(), begun: false, hashed: signed })))
    }

    /// Whether a client that waits for leave to send has been given it.
    pub(super) fn is_begun(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).begun
    }

    /// Whether a body of XML, which has been read, is not the one that was signed.
    pub(super) fn is_another(&self) -> bool {
        let wire = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wire.hashed.as_ref().is_some_and(|(hash, signed)| hex(&hash.clone().finalize()) != *signed)
    }
}

impl From<&Shared> for s3s::Body {
    fn from(shared: &Shared) -> Self {
        let stream: DynByteStream = Box::pin(shared.clone());
        Self::from(stream)
    }
}

impl ByteStream for Shared {}

impl Stream for Shared {
    type Item = Result<Bytes, StdError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context) -> Poll<Option<Self::Item>> {
        let mut wire = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wire.begun = true;
        let Wire { body, hashed, .. } = &mut *wire;
        let polled = body.poll_next_unpin(context);
        if let (Poll::Ready(Some(Ok(chunk))), Some((hash, _))) = (&polled, hashed) {
            hash.update(chunk);
        }
        polled.map_err(StdError::from)
    }
}

/// Reads a body whole, as far as there is room, where `freed` bytes are let go of for it, and compares it with its MD5
/// where the caller sent one. What says that it is too long is not read at all. The bytes count as being on their way
/// until what comes with them is dropped.
pub(super) async fn read(
    body: Option<StreamingBlob>,
    digest: Option<&str>,
    emulator: &Inner,
    headers: &HeaderMap,
    freed: u64,
) -> S3Result<(Bytes, Taken)> {
    let capacity = emulator.options.object_bytes;
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
    // A body in chunks says how long it is without them.
    let told = number("x-amz-decoded-content-length").or_else(|| number("content-length"));
    let wanted = told.unwrap_or(u64::MAX);
    let room = emulator.state().objects.room((wanted, freed), emulator.now().0, capacity);
    if told.is_some_and(|told| told > room) {
        return Err(Fault::Full { capacity }.into());
    }
    let mut taken = emulator.incoming.begin();
    let mut whole = Vec::new();
    let mut body = body;
    while let Some(chunk) = match &mut body {
        Some(body) => body.next().await,
        None => None,
    } {
        let chunk = chunk.map_err(|error| match error.downcast::<S3Error>() {
            Ok(error) => *error,
            // The types of s3s's faults are its own; their texts are not.
            Err(error) if error.to_string().contains("Sha256Mismatch") => {
                coded(400, "XAmzContentSHA256Mismatch", MISMATCH)
            }
            Err(error) if error.to_string().contains("SignatureMismatch") => {
                s3_error!(SignatureDoesNotMatch, "A chunk of the body has another signature than was calculated.")
            }
            Err(error) => s3_error!(IncompleteBody, "The body ended early: {error}"),
        })?;
        if !taken.more(chunk.len() as u64, room, capacity) {
            return Err(Fault::Full { capacity }.into());
        }
        whole.extend_from_slice(&chunk);
    }
    if let Some(digest) = digest {
        use base64::Engine;
        let Ok(expected) = base64::engine::general_purpose::STANDARD.decode(digest) else {
            return Err(s3_error!(InvalidDigest, "The Content-MD5 you specified is not valid."));
        };
        if expected != md5(&whole) {
            return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."));
        }
    }
    Ok((Bytes::from(whole), taken))
}
