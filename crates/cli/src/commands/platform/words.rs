//! Steps and removals in words.

use flarekeep_sites::infrastructure::{Removal, Step, Wanted};

use crate::output::{counted, plain};

/// What a step does, in a line.
pub(in crate::commands) fn step(step: &Step, wanted: &Wanted) -> String {
    let Wanted { bucket, namespace, worker, .. } = wanted;
    match step {
        Step::MakeBucket => format!("make the bucket {bucket}{}", jurisdiction(wanted)),
        Step::MakeNamespace => format!("make the KV namespace {}", plain(namespace)),
        Step::UploadRouter { differs } if differs.is_empty() => format!("deploy the router {worker}"),
        Step::UploadRouter { differs } => format!("deploy the router {worker} again: {} differ", differs.join(" and ")),
        Step::CloseWorkersDev => format!("close {worker}'s address under workers.dev"),
        Step::MakeRecord(record) => {
            format!("make the proxied record {} {} {}", plain(&record.name), record.kind, plain(&record.content))
        }
        Step::MendRecord { from, to, .. } => {
            format!(
                "set the record {} to {} {} again (it says {})",
                plain(&to.name),
                to.kind,
                plain(&to.content),
                plain(from)
            )
        }
        Step::RemoveRecord { name, .. } => {
            format!("remove the record {}, of the platform's former domain", plain(name))
        }
        Step::MakeRoute { pattern, script: Some(script) } => format!("route {} to {script}", plain(pattern)),
        Step::MakeRoute { pattern, script: None } => format!("keep {} away from the router", plain(pattern)),
        Step::SetFallback { origin } => format!("set the fallback origin {}", plain(origin)),
        Step::AwaitFallback => "wait until the fallback origin is active".to_owned(),
    }
}

/// What a removal takes away, in a line.
pub(super) fn removal(removal: &Removal, wanted: &Wanted, tenants: usize) -> String {
    match removal {
        Removal::Route { pattern, .. } => format!("the route {}", plain(pattern)),
        Removal::Hostnames { hosts } => match hosts.as_slice() {
            [one] => format!("the custom hostname {}", plain(one)),
            [first, ..] => format!("{}, {} among them", counted(hosts.len(), "custom hostname"), plain(first)),
            [] => "no custom hostname".to_owned(),
        },
        Removal::Fallback => "the fallback origin".to_owned(),
        Removal::Record { name, .. } => format!("the record {}", plain(name)),
        Removal::Router => format!("the router {}", wanted.worker),
        Removal::Namespace { .. } => format!("the KV namespace {}", plain(&wanted.namespace)),
        Removal::Bucket if tenants == 0 => format!("the bucket {}", wanted.bucket),
        Removal::Bucket => format!("the bucket {} with all files of the tenants", wanted.bucket),
    }
}

fn jurisdiction(wanted: &Wanted) -> String {
    match wanted.jurisdiction {
        flarekeep_cloudflare::Jurisdiction::Default => String::new(),
        other => format!(" in the jurisdiction {}", other.as_str()),
    }
}
