//! What is sent: bytes at hand, or a file that is read while it is sent.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::digest::Digest;

/// A file is read in pieces of so many bytes: a send has no more of it in memory.
const PIECE: u64 = 128 << 10;

/// The body of a request, and the digest that it is signed with.
#[derive(Debug, Clone)]
pub struct Body {
    content: Content,
    digest: Digest,
}

#[derive(Debug, Clone)]
enum Content {
    Bytes(Bytes),
    File { path: PathBuf, size: u64 },
}

impl Body {
    /// Bytes at hand.
    #[must_use]
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { digest: Digest::of(&bytes), content: Content::Bytes(bytes) }
    }

    /// A file of this size and digest. A file of few bytes is read at once.
    ///
    /// # Errors
    /// When a small file cannot be read.
    pub fn file(path: PathBuf, size: u64, digest: Digest) -> std::io::Result<Self> {
        let content = match size <= PIECE {
            true => Content::Bytes(whole(File::open(&path)?, size)?.into()),
            false => Content::File { path, size },
        };
        Ok(Self { content, digest })
    }

    /// The SHA-256 of the content.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File { size, .. } => *size,
        }
    }

    /// The bytes, where they are at hand.
    #[must_use]
    pub fn at_hand(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes),
            Content::File { .. } => None,
        }
    }

    /// The body as it goes out.
    pub(super) fn into_http(self) -> std::io::Result<reqwest::Body> {
        match self.content {
            Content::Bytes(bytes) => Ok(bytes.into()),
            Content::File { path, size } => Ok(reqwest::Body::wrap(Pieces { file: File::open(path)?, left: size })),
        }
    }
}

/// The content of a file of few bytes, and a byte more where it has become longer, which its digest tells. There was room
/// for that byte when the last one came: no further call asks for the end.
fn whole(mut file: File, size: u64) -> std::io::Result<Vec<u8>> {
    let size = usize::try_from(size).unwrap_or(0);
    let (mut content, mut filled) = (vec![0; size + 1], 0);
    while filled < size {
        match file.read(&mut content[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    content.truncate(filled);
    Ok(content)
}

impl Default for Body {
    fn default() -> Self {
        Self::bytes(Bytes::new())
    }
}

/// A file, piece by piece. Reading blocks for as long as the page cache takes: the file was read a moment ago.
struct Pieces {
    file: File,
    left: u64,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let length = self.left.min(PIECE);
        let mut piece = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        let read = (&self.file).take(length).read_to_end(&mut piece);
        Poll::Ready(Some(match read {
            Ok(0) => Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the file became shorter")),
            Ok(read) => {
                self.left -= read as u64;
                Ok(Frame::data(piece.into()))
            }
            Err(error) => Err(error),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
