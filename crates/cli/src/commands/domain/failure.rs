//! What a failed change of a domain means for its user.

use flarekeep_sites::domain::DomainError;

use crate::error::{CommandError, Kind};
use crate::output::plain;

impl From<DomainError> for CommandError {
    fn from(error: DomainError) -> Self {
        let message = plain(&error.to_string());
        match error {
            DomainError::Store(error) => error.into(),
            DomainError::Call(error) if error.has_code(1_406) => Self::usage(message)
                .because("another zone has a custom hostname of this name, or the domain is on Cloudflare itself")
                .hint("whoever has it there removes it first"),
            DomainError::Call(error) => error.into(),
            DomainError::Taken { host, .. } => Self::usage(message)
                .because("a domain leads to one site")
                .hint(format!("flarekeep domain remove {host} takes it from that tenant")),
            DomainError::Own { domain, .. } => Self::usage(message)
                .because("its labels are tenants, and need no domain of their own")
                .hint(format!("the site of a tenant is at TENANT.{domain} already")),
            DomainError::Wildcard { host } => {
                let below = host.as_str().trim_start_matches("*.");
                Self::usage(message)
                    .because("the router finds a site by the host's whole name, and Cloudflare has wildcard custom hostnames on Enterprise plans alone")
                    .hint(format!("add each host by its name, as in flarekeep domain add www.{below} TENANT"))
            }
            DomainError::NoTenant { tenant } => {
                Self::usage(message).hint(format!("flarekeep site deploy DIR {tenant} makes it"))
            }
            DomainError::Unknown { .. } => Self::usage(message).hint("flarekeep domain list shows those there are"),
            DomainError::Full { .. } => Self::usage(message)
                .because("Cloudflare's hard cap of custom hostnames is reached")
                .hint("flarekeep domain list shows which could go; Cloudflare raises the cap on request"),
            DomainError::Quota { tenant, .. } => Self::usage(message).because("nothing was changed").hint(format!(
                "flarekeep tenant quota {tenant} --hosts NUMBER allows more; flarekeep domain list {tenant} shows what \
                 could go"
            )),
            DomainError::Edge { .. } => Self::new(Kind::Partial, message).hint("run the same command again"),
        }
    }
}
