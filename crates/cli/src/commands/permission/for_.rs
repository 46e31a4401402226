//! `flarekeep permission for`: what a call needs, whatever it is named by.

mod accepted;
mod life;

use std::io::Read;

use flarekeep_catalogue::{Operation, RecogniseError, Recognised, Subject, recognise, resolve};
use serde_json::{Value, json};

use self::accepted::Accepted;
use crate::arguments::PermissionFor;
use crate::context::Context;
use crate::error::{CommandError, Kind};
use crate::output::mask::masked;
use crate::output::{FAINT, Output, STRONG, styled};
use crate::{CommandResult, Verdict};

/// More than any command line can hold: longer input is no call.
const LONGEST: u64 = 1 << 20;

pub(crate) fn run(context: &Context, arguments: &PermissionFor) -> CommandResult {
    let output = context.output;
    let text = match arguments.what.as_slice() {
        [dash] if dash == "-" => typed_in()?,
        words => {
            let text = words.join(" ");
            if masked(&text) != text {
                output.warn("other users of this machine can read a credential among the arguments");
                output.note("  hint: flarekeep permission for - reads the command from standard input");
            }
            text
        }
    };
    let found = recognise(&text).map_err(|error| unrecognised(error, &text))?;
    output.document(&document(&found));
    show(output, &found);
    for remark in &found.remarks {
        output.note(format!("note: {remark}"));
    }
    next(output, &found);
    Ok(Verdict::Yes)
}

fn typed_in() -> Result<String, CommandError> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| CommandError::new(Kind::Usage, format!("cannot read standard input: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The error, or where the text is the name of a permission, that this is no call.
fn unrecognised(error: RecogniseError, text: &str) -> CommandError {
    let short = (text.len() <= 100).then_some(text);
    match short.and_then(|text| resolve(text).ok()) {
        Some((group, _)) => CommandError::usage("the text names a permission, not a call")
            .hint(format!("flarekeep permission show '{}:{}'", group.scope, group.name)),
        None => error.into(),
    }
}

fn document(found: &Recognised) -> Value {
    let ids = found.ids.iter().map(|id| (id.parameter.to_owned(), json!(id.value)));
    let operations = |operations: &[&'static Operation]| -> Vec<Value> {
        operations.iter().map(|operation| Accepted::by(operation).document()).collect()
    };
    json!({
        "recognised_as": found.subject.word(),
        "name": found.name,
        "ids": ids.collect::<serde_json::Map<_, _>>(),
        "operations": operations(&found.operations),
        "others": operations(&found.others),
        "terraform": match &found.subject {
            Subject::Terraform(types) => types.iter().map(life::document).collect(),
            _ => Vec::new(),
        },
        "remarks": found.remarks.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn show(output: Output, found: &Recognised) {
    if let Subject::Terraform(types) = &found.subject {
        for (at, known) in types.iter().enumerate() {
            if at > 0 {
                output.line("");
            }
            life::show(output, known);
        }
        return;
    }
    if let Some(heading) = heading(found) {
        output.line(format!("{heading}\n"));
    }
    for (at, operation) in found.operations.iter().enumerate() {
        if at > 0 {
            output.line("");
        }
        Accepted::by(operation).show(output);
    }
    if !found.others.is_empty() {
        output.line("\n  other methods there:");
        let others =
            found.others.iter().map(|operation| format!("    {operation}: {}", Accepted::by(operation).summary()));
        output.line(others.collect::<Vec<_>>().join("\n"));
    }
}

/// What was recognised, where the operation's own line does not say it.
fn heading(found: &Recognised) -> Option<String> {
    let kind = match found.subject {
        Subject::Operation | Subject::Terraform(_) => return None,
        Subject::Url => return Some("recognised as a URL:".to_owned()),
        Subject::Curl => return Some("recognised as a curl command:".to_owned()),
        Subject::OperationId if found.operations.iter().all(|operation| operation.is_s3()) => {
            "an operation of R2's S3 API"
        }
        Subject::OperationId => "the id of an operation",
        Subject::SdkMethod(_) => "a method of Cloudflare's SDKs",
        Subject::Path => "a path",
    };
    Some(format!("{}: {kind}", styled(STRONG, &found.name)))
}

/// The command that goes on from here.
fn next(output: Output, found: &Recognised) {
    let mut place = String::new();
    if let Some(account) = found.account {
        place.push_str(&format!(" --account {account}"));
    }
    if let Some(zone) = found.zone {
        place.push_str(&format!(" --zone {zone}"));
    }
    if found.operations.iter().any(|operation| operation.names_bucket()) {
        place.push_str(" --bucket BUCKET");
    }
    let hint = match (&found.subject, found.operations.as_slice()) {
        (_, []) => return,
        (Subject::Terraform(types), _) => {
            let Some(names) = types.last().map(|last| last.recipe_names().collect::<Vec<_>>()) else { return };
            let line = |name: &String| format!("flarekeep plan --recipe {name}");
            names.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        (_, [one]) => format!("flarekeep plan --operation '{one}'{place}"),
        (_, [first, ..]) => format!("flarekeep plan --operation '{first}'{place}; --operation can be given again"),
    };
    output.note(styled(FAINT, hint));
}
