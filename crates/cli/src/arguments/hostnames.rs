//! The options of `flarekeep emulate` for custom hostnames and names.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use flarekeep_emulator::{HostnameChecks, HostnameDns, Hostnames, Plan, ReservedNames};

/// docs/emulator/hostnames-and-dns.md says what each is about.
#[derive(Debug, Args)]
#[command(next_help_heading = "Custom hostnames and DNS")]
pub(crate) struct HostnameArguments {
    /// Answer DNS at this address, over UDP and TCP, from the zones' records; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) dns_listen: Option<SocketAddr>,
    /// What makes a custom hostname point here: the records, or nothing
    #[arg(long, value_enum, default_value_t = Dns::Records)]
    dns: Dns,
    /// Seconds that each stage of a custom hostname takes
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    hostname_delay: u32,
    /// When a hostname is looked at again: as soon as it would pass, or by Cloudflare's schedule
    #[arg(long, value_enum, default_value_t = Checks::AtOnce)]
    hostname_checks: Checks,
    /// Custom hostnames at which a zone takes no more
    #[arg(long, value_name = "NUMBER", default_value_t = 50_000)]
    hostname_cap: usize,
    /// What the zones are entitled to
    #[arg(long, value_enum, default_value_t = Entitled::Enterprise)]
    plan: Entitled,
    /// Names for tests alone, such as shop.example, as custom hostnames
    #[arg(long, value_enum, default_value_t = Reserved::Accept)]
    reserved_hostnames: Reserved,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Dns {
    Records,
    Always,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Checks {
    AtOnce,
    Scheduled,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Entitled {
    Free,
    Enterprise,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Reserved {
    Accept,
    Refuse,
}

impl HostnameArguments {
    pub(crate) fn options(&self) -> Hostnames {
        Hostnames {
            delay: self.hostname_delay,
            checks: match self.hostname_checks {
                Checks::AtOnce => HostnameChecks::AtOnce,
                Checks::Scheduled => HostnameChecks::Scheduled,
            },
            dns: match self.dns {
                Dns::Records => HostnameDns::Records,
                Dns::Always => HostnameDns::Always,
            },
            plan: match self.plan {
                Entitled::Free => Plan::Free,
                Entitled::Enterprise => Plan::Enterprise,
            },
            reserved: match self.reserved_hostnames {
                Reserved::Accept => ReservedNames::Accept,
                Reserved::Refuse => ReservedNames::Refuse,
            },
            hard_cap: self.hostname_cap,
        }
    }
}
