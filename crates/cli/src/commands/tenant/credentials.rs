//! `flarekeep tenant credentials`: temporary R2 keys for a tenant's folder, as `site deploy` reads them.

use flarekeep_cloudflare::R2Permission;
use flarekeep_sites::layout;
use flarekeep_tokens::{Reach, Shape, Sink};
use serde_json::json;

use crate::arguments::TenantCredentials;
use crate::commands::token::r2_keys::pairs::{Pairs, deliver, named, names, place, prove};
use crate::commands::token::r2_keys::temporary::{Making, by_api};
use crate::context::Context;
use crate::output::{GOOD, plain, styled};
use crate::{CommandResult, Verdict, bucket, consent, environment};

/// What is delivered: the keys, and where they open what.
const NAMES: [&str; 5] =
    ["R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_SESSION_TOKEN", "R2_ENDPOINT", "R2_BUCKET_NAME"];

pub(super) fn run(context: &Context, arguments: &TenantCredentials) -> CommandResult {
    let (output, slug) = (context.output, &arguments.tenant);
    let bucket = bucket::named(context)?;
    let permission = if arguments.read { R2Permission::ObjectReadOnly } else { R2Permission::ObjectReadWrite };
    let prefix = layout::site(slug);
    let reach = Reach {
        bucket: bucket.name.clone(),
        permission,
        prefixes: vec![prefix.clone()],
        // None beside: they would be written as well as read.
        objects: Vec::new(),
    };
    let shape = Shape::Pairs(NAMES.map(str::to_owned).to_vec());
    let sinks = consent::sinks_for(context, &arguments.delivery, &shape)?;
    if let Some(sinks) = &sinks {
        prove(sinks, &shape)?;
    }
    let by_api = by_api(context, arguments.by);
    let ttl = arguments.ttl;
    output.note(format!("keys for {prefix} in the bucket {}, {}, for {ttl}", bucket.name, permission.as_str()));
    let mut document = json!({
        "tenant": slug.as_str(),
        "bucket": bucket.name,
        "prefix": prefix,
        "permission": permission,
        "signed_by": if by_api { "api" } else { "signing" },
    });
    let Some(sinks) = sinks else {
        document["dry_run"] = true.into();
        output.document(&document);
        return Ok(Verdict::Yes);
    };
    let given = arguments.endpoint.clone().or_else(environment::r2_endpoint);
    let making = Making {
        reach: &reach,
        lifetime: ttl,
        key_id: arguments.key_id,
        endpoint: given.as_deref(),
        jurisdiction: &bucket.jurisdiction,
        by_api,
    };
    let (keys, endpoint) = making.make(context)?;
    let in_whole = match bucket.jurisdiction.as_str() {
        "default" => bucket.name,
        other => format!("{other}/{}", bucket.name),
    };
    let mut pairs: Pairs = vec![
        ("R2_ACCESS_KEY_ID", keys.access_key_id.clone().into()),
        ("R2_SECRET_ACCESS_KEY", keys.secret_access_key),
        ("R2_SESSION_TOKEN", keys.session_token),
        ("R2_BUCKET_NAME", in_whole.into()),
    ];
    if let Some(endpoint) = &endpoint {
        pairs.push(("R2_ENDPOINT", endpoint.url().into()));
    }
    deliver(&sinks, &pairs)?;
    document["expires_on"] = keys.expires_on.to_string().into();
    document["variables"] = names(&pairs).into();
    document["delivered_to"] = place(&sinks).into();
    output.document(&document);
    let (made, variables) = (styled(GOOD, "made"), named(&names(&pairs)));
    let line = format!("{made} keys until {}; {variables} are in {}", keys.expires_on, plain(&place(&sinks)));
    output.beside(sinks.iter().any(Sink::prints), line);
    if !arguments.read {
        output.note(format!(
            "with them: flarekeep site deploy DIR {slug}; then, with the platform's token: flarekeep site sync {slug}"
        ));
    }
    output.note(format!("they end with token {}, too, if it is rolled or revoked before", plain(&keys.access_key_id)));
    Ok(Verdict::Yes)
}
