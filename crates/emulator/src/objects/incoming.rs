//! Bodies that are being read: they lie in memory before they are objects.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes of bodies lie in memory, of all calls together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Incoming(Arc<AtomicU64>);

/// What one call has taken of that; it gives it back when it is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    of: Incoming,
    bytes: u64,
}

impl Incoming {
    /// A call that has brought nothing yet.
    pub(crate) fn begin(&self) -> Taken {
        Taken { of: self.clone(), bytes: 0 }
    }
}

impl Taken {
    /// Takes more bytes. False, and nothing is taken, where the call would have more than `most` then, or all calls
    /// together more than `all`.
    pub(crate) fn more(&mut self, bytes: u64, most: u64, all: u64) -> bool {
        if self.bytes + bytes > most {
            return false;
        }
        let total = self.of.0.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bytes += bytes;
        if total > all {
            self.of.0.fetch_sub(bytes, Ordering::Relaxed);
            self.bytes -= bytes;
            return false;
        }
        true
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.of.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_share_what_may_lie_in_memory() {
        let incoming = Incoming::default();
        let (mut one, mut other) = (incoming.begin(), incoming.begin());
        assert!(one.more(6, 10, 10) && !one.more(5, 10, 100), "a call has its own limit");
        assert!(!other.more(5, 10, 10) && other.more(4, 10, 10), "all have one together");
        drop(one);
        assert!(other.more(6, 10, 10));
        drop(other);
        assert_eq!(incoming.0.load(Ordering::Relaxed), 0);
    }
}
