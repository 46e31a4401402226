//! The domain that a deploy brings along: looked at before anything is uploaded, added when the site is live.

use flarekeep_sites::Slug;
use flarekeep_sites::domain::{Host, Stand, add, ready};
use serde_json::{Value, json};

use crate::arguments::Bucketed;
use crate::commands::domain::{Desk, desk, show};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Output, plain};

/// A domain for which nothing stands in the way.
pub(super) struct Custom {
    pub(super) desk: Desk,
    host: Host,
}

impl Custom {
    /// Looks whether the tenant can have it. Nothing is written.
    pub(super) async fn open(
        context: &Context,
        options: &Bucketed,
        host: &Host,
        tenant: &Slug,
    ) -> Result<Self, CommandError> {
        let desk = desk(context, options).await?;
        ready(&desk.bucket.store, &desk.client, &desk.platform, desk.zone, (host, tenant)).await?;
        Ok(Self { desk, host: host.clone() })
    }

    /// Adds it. Its certificate is not waited for.
    pub(super) async fn add(&self, tenant: &Slug, now: &str) -> Result<Stand, CommandError> {
        let desk = &self.desk;
        let pair = (&self.host, tenant);
        let (store, edge) = (&desk.bucket.store, &desk.bucket.edge);
        let added = add(store, &desk.client, edge, &desk.platform, desk.zone, pair, now).await?;
        show::fresh(desk, &self.host, added).await
    }

    /// Its address; a wildcard has none.
    pub(super) fn url(&self) -> Option<String> {
        (!self.host.is_wildcard()).then(|| format!("https://{}/", self.host))
    }

    /// What the document says of it.
    pub(super) fn document(&self, tenant: &Slug, stand: &Result<Stand, CommandError>) -> Value {
        match stand {
            Ok(stand) => show::document(&self.host, tenant.as_str(), stand),
            Err(error) => json!({ "host": self.host.as_str(), "live": false, "error": error.masked().message }),
        }
    }

    /// Says how it stands; whether it was added.
    pub(super) fn tell(&self, output: Output, tenant: &Slug, stand: &Result<Stand, CommandError>) -> bool {
        let error = match stand {
            Ok(stand) => {
                show::tell(output, &self.host, tenant.as_str(), stand);
                return true;
            }
            Err(error) => error.masked(),
        };
        output.warn(format!("the site is live, and the domain was not added: {}", plain(&error.message)));
        let words = error.reason.iter().chain(&error.hints);
        words.for_each(|words| output.note(format!("  {}", plain(words))));
        output.note(format!("flarekeep domain add {} {tenant} adds it", self.host));
        false
    }
}
