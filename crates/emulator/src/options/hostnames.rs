//! How custom hostnames come to life.

/// How custom hostnames behave where Cloudflare's behaviour depends on time, on the world outside or on a contract.
#[derive(Debug, Clone)]
pub struct Hostnames {
    /// Seconds that each stage of a hostname, its certificate and the fallback origin lasts at least. Default: 0, so that
    /// no test waits; Cloudflare takes a few seconds or minutes, and tells no more.
    pub delay: u32,
    /// When what did not validate is looked at again. Default: [`HostnameChecks::AtOnce`].
    pub checks: HostnameChecks,
    /// What makes a hostname point here. Default: [`HostnameDns::Records`].
    pub dns: HostnameDns,
    /// What the zones are entitled to. Default: [`Plan::Enterprise`], which refuses nothing for want of a contract.
    pub plan: Plan,
    /// Names that exist for tests and documentation alone. Default: [`ReservedNames::Accept`], since tests use them.
    pub reserved: ReservedNames,
    /// Custom hostnames at which a zone takes no more. Default: 50,000 (cloudflare-for-saas: plans); 0 stands for a zone
    /// to which none are allocated. [`Options::custom_hostnames_per_zone`](crate::Options) is a number that may be
    /// exceeded.
    pub hard_cap: usize,
}

/// When a validation that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostnameChecks {
    /// As soon as it would pass, and for as long as the documented schedule lasts.
    AtOnce,
    /// At the 75 times of the documented schedule: after one minute, then ever more rarely, for seven days.
    Scheduled,
}

/// Whose word it is that a hostname points to its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostnameDns {
    /// The records of the world's zones and of the foreign names that `/__flarekeep/dns` sets.
    Records,
    /// Every hostname points here.
    Always,
}

/// A zone's plan, as far as custom hostnames depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// No custom metadata (code 1413), no wildcard certificates, no choice of the certificate authority, no apex proxying.
    Free,
    /// All of it.
    Enterprise,
}

/// Names that RFC 2606 reserves: below `test`, `example`, `invalid`, `localhost`, `example.com`, `example.net` and
/// `example.org`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservedNames {
    /// They are names like others.
    Accept,
    /// As Cloudflare does: codes 1409 and 1411, for origins 1417 and 1419.
    Refuse,
}

impl Default for Hostnames {
    fn default() -> Self {
        Self {
            delay: 0,
            checks: HostnameChecks::AtOnce,
            dns: HostnameDns::Records,
            plan: Plan::Enterprise,
            reserved: ReservedNames::Accept,
            hard_cap: 50_000,
        }
    }
}
