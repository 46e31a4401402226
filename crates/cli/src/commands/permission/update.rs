//! `flarekeep permission update`: fetches the live list of permission groups, reads a newer schema, and keeps both.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flarekeep_catalogue::overlay::{
    GroupFact, GroupFacts, ListOwner, OpenApi, OperationFacts, Overlay, OverlayError, changes,
};
use flarekeep_cloudflare::GroupFilter;
use jiff::Timestamp;
use serde_json::json;

use super::changes::{found, parts, rows};
use crate::arguments::{Owner, PermissionUpdate};
use crate::context::{Context, block_on, owner};
use crate::error::{CommandError, Kind};
use crate::output::{FAINT, GOOD, plain, styled};
use crate::place::{self, Wanted};
use crate::{CommandResult, Verdict, overlay};

/// How many differences are shown; `flarekeep permission diff` shows them all.
const SHOWN: usize = 10;

/// The largest document that is read, in bytes: Cloudflare's has some 20 million.
const LARGEST: u64 = 200 << 20;

pub(crate) fn run(context: &Context, arguments: &PermissionUpdate) -> CommandResult {
    let path = overlay::path()?;
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default().to_string();
    let operations = arguments.openapi.as_deref().map(|file| from_file(file, &now)).transpose()?;
    let groups = match (arguments.owner, &operations) {
        (None, Some(_)) => None,
        (whose, _) => Some(fetched(context, whose.unwrap_or_default(), &now)?),
    };
    let new = Overlay { groups, operations, ..Overlay::default() };
    let overlay = if arguments.dry_run {
        overlay::merged(context.output, &path, new)?
    } else {
        overlay::write(context.output, &path, new)?
    };
    report(context, arguments, &path, &overlay);
    Ok(Verdict::Yes)
}

fn report(context: &Context, arguments: &PermissionUpdate, path: &Path, overlay: &Overlay) {
    let (output, changes) = (context.output, changes(overlay));
    let mut document = json!({
        "path": path.display().to_string(),
        "overlay": overlay::document(overlay),
        "changes": changes,
    });
    if arguments.dry_run {
        document["dry_run"] = true.into();
    }
    output.document(&document);
    output.line(parts(overlay));
    output.line(found(&changes));
    let (shown, more) = changes.split_at(changes.len().min(SHOWN));
    if !shown.is_empty() {
        output.line(rows(shown));
    }
    if arguments.dry_run {
        if !more.is_empty() {
            output.line(format!("  and {} more", more.len()));
        }
        return output.line("nothing was written");
    }
    if !more.is_empty() {
        output.line(format!("  and {} more: flarekeep permission diff", more.len()));
    }
    output.line(format!("{} to {}", styled(GOOD, "written"), path.display()));
    if !changes.is_empty() {
        output.note(styled(FAINT, "a plan that rests on something that changed warns of it from now on"));
    }
    if overlay.groups.as_ref().is_some_and(|facts| !overlay::is_of_cloudflare(facts)) {
        let only = "the list is not of Cloudflare's own API: only commands with the same API URL heed it";
        output.note(styled(FAINT, only));
    }
}

/// The permission groups that Cloudflare lists now.
fn fetched(context: &Context, whose: Owner, now: &str) -> Result<GroupFacts, CommandError> {
    block_on(async {
        let manager = context.manager()?;
        let wanted = Wanted { account: whose == Owner::Account, ..Wanted::default() };
        let target = if wanted.account { place::find(context, &manager, wanted).await? } else { Default::default() };
        let owner = owner(whose, &target)?;
        let listed = manager.tokens(owner).permission_groups(&GroupFilter::default()).await?;
        let groups = listed.into_iter().map(|group| GroupFact {
            name: group.name,
            id: group.id,
            scopes: group.scopes,
            category: group.category.filter(|category| !category.is_empty()),
        });
        let source = format!("GET {}{owner}/tokens/permission_groups", manager.base_url());
        let whose = match whose {
            Owner::User => ListOwner::User,
            Owner::Account => ListOwner::Account,
        };
        GroupFacts::new(now.to_owned(), source, whose, groups.collect()).map_err(|fault| no_list(&fault))
    })
}

fn no_list(fault: &OverlayError) -> CommandError {
    CommandError::new(Kind::Unreachable, format!("the list of permission groups cannot be taken: {fault}"))
        .because("what answered there is not Cloudflare's API, or the list was spoilt on the way; nothing was written")
        .hint("`--api-url` says where the API is; Cloudflare's is https://api.cloudflare.com/client/v4")
}

/// What a schema says of the operations.
fn from_file(file: &Path, now: &str) -> Result<OperationFacts, CommandError> {
    let refused = |why: String| {
        CommandError::usage(format!("`{}` cannot be taken as Cloudflare's OpenAPI document", file.display()))
            .because(why)
            .hint("it is openapi.json of github.com/cloudflare/api-schemas: JSON, not YAML; nothing was written")
    };
    let opened = File::open(file).map_err(|error| {
        CommandError::usage(format!("cannot read `{}`: {error}", file.display()))
            .hint("--openapi takes a file: openapi.json of github.com/cloudflare/api-schemas")
    })?;
    let document: OpenApi = serde_json::from_reader(BufReader::new(opened.take(LARGEST)))
        .map_err(|error| refused(plain(&error.to_string())))?;
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let title = document.title();
    let source = if title.is_empty() { name.into_owned() } else { format!("{name}, {title}") };
    document.facts(now.to_owned(), source).map_err(|fault| refused(fault.to_string()))
}
