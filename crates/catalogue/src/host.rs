//! The hosts at which Cloudflare answers calls.

/// Where Cloudflare's API is (docs: fundamentals/api/how-to/make-api-calls).
pub const API_HOST: &str = "api.cloudflare.com";
/// What the hosts of R2's S3 face end in: `<account>.…`, `<account>.eu.…`, `<bucket>.<account>.…` (docs: r2/api/s3/api).
pub const R2_HOST: &str = "r2.cloudflarestorage.com";
