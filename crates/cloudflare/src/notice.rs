//! What the client tells while a call takes longer than it should.

use std::time::Duration;

use crate::call::Call;

/// Something that a person who waits should know. The program shows it; the client itself never prints.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A call failed and is repeated.
    Retrying {
        /// The call.
        call: Call,
        /// How many attempts have failed.
        failed: u32,
        /// How long the client waits before the next.
        wait: Duration,
        /// Why the last attempt failed.
        reason: String,
    },
    /// A call is held back to stay below Cloudflare's rate limit.
    Pacing {
        /// The call.
        call: Call,
        /// How long it is held.
        wait: Duration,
    },
}
