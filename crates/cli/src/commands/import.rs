//! `flarekeep import`: flarekeep.toml, from the tokens that are there.

use std::path::Path;

use flarekeep_catalogue::nearest;
use flarekeep_cloudflare::{Owner, Token};
use flarekeep_tokens::Sink;
use flarekeep_tokens::declared::{Living, import};
use jiff::Timestamp;
use serde_json::json;

use super::token::account;
use crate::arguments::Import;
use crate::context::{Context, block_on, owner};
use crate::error::{CommandError, Kind};
use crate::output::{GOOD, counted, plain, styled};
use crate::save::save;
use crate::sources::file;
use crate::{CommandResult, Verdict, desk};

pub(crate) fn run(context: &Context, arguments: &Import) -> CommandResult {
    let to_stdout = arguments.out == Path::new("-");
    if to_stdout && context.output.json {
        return Err(CommandError::usage("--out - and --json both want standard output")
            .hint("--out FILE keeps the file out of the document"));
    }
    if !to_stdout && !arguments.force && arguments.out.exists() {
        return Err(CommandError::usage(format!("`{}` is there already", file::name(&arguments.out)))
            .hint("--force writes over it; --out FILE writes another, --out - to standard output"));
    }
    let (tokens, holdings) = block_on(async {
        let manager = context.manager()?;
        let mut tokens: Vec<(Token, Owner)> = Vec::new();
        for whose in &arguments.owner {
            let target = account(context, &manager, *whose).await?;
            let owner = owner(*whose, &target)?;
            if !tokens.iter().any(|(_, known)| *known == owner) {
                tokens.extend(manager.tokens(owner).list_with_expired().await?.into_iter().map(|token| (token, owner)));
            }
        }
        let desk = desk::at_rest(context, manager).await?;
        Ok((tokens, desk.journal.holdings().await?))
    })?;
    let tokens = selected(tokens, &arguments.tokens)?;
    let delivered = |token: &Token| holdings.iter().find(|holding| holding.id == token.id);
    // Paths in the file are relative to it.
    let folder = std::path::absolute(&arguments.out).ok().and_then(|file| file.parent()?.canonicalize().ok());
    let near = |spelling: &String| match (spelling.parse::<Sink>(), &folder) {
        (Ok(sink), Some(folder)) => sink.relative(folder).spelling(),
        _ => spelling.clone(),
    };
    let sinks: Vec<Option<Vec<String>>> = tokens
        .iter()
        .map(|(token, _)| {
            let holding = delivered(token).filter(|holding| !holding.sinks.is_empty())?;
            // A sink keeps one value: the one that it got last.
            let is_lost =
                |sink: &String| holdings.iter().any(|other| other.since > holding.since && other.sinks.contains(sink));
            Some(holding.sinks.iter().filter(|sink| !is_lost(sink)).map(near).collect())
        })
        .collect();
    let living: Vec<Living<'_>> = tokens
        .iter()
        .zip(&sinks)
        .map(|((token, owner), sinks)| Living { token, owner: *owner, delivered: sinks.as_deref() })
        .collect();
    let import = import(&living, Timestamp::now());
    for (id, name, why) in &import.left_out {
        context.output.warn(format!("{id} ({}) is left out: {why}", plain(name)));
    }
    let said = counted(import.imported.len(), "token");
    if to_stdout {
        print!("{}", import.text);
        context.output.note(said);
        return Ok(Verdict::Yes);
    }
    write(&arguments.out, &import.text)?;
    context.output.document(&json!({
        "file": file::name(&arguments.out),
        "tokens": import.imported.iter().map(|one| json!({ "key": one.key, "id": one.id.to_string(), "name": one.name })).collect::<Vec<_>>(),
        "left_out": import.left_out.iter().map(|(id, name, why)| json!({ "id": id.to_string(), "name": name, "why": why })).collect::<Vec<_>>(),
    }));
    let name = file::name(&arguments.out);
    context.output.line(format!("{} {name}: {said}", styled(GOOD, "wrote")));
    context.output.note(format!("flarekeep apply {name} --check says that nothing differs"));
    Ok(Verdict::Yes)
}

/// The tokens that are named, by id or name; all where none is.
fn selected(tokens: Vec<(Token, Owner)>, names: &[String]) -> Result<Vec<(Token, Owner)>, CommandError> {
    if names.is_empty() {
        return Ok(tokens);
    }
    let is = |token: &Token, name: &str| token.name == name || token.id.to_string() == name;
    if let Some(none) = names.iter().find(|name| !tokens.iter().any(|(token, _)| is(token, name))) {
        let near = nearest(none, tokens.into_iter().map(|(token, _)| token.name));
        let failed = CommandError::usage(format!("no token `{}`", plain(none)));
        return Err(match near.first() {
            Some(near) => failed.hint(format!("is `{}` meant?", plain(near))),
            None => failed.hint("flarekeep token list"),
        });
    }
    Ok(tokens.into_iter().filter(|(token, _)| names.iter().any(|name| is(token, name))).collect())
}

/// Writes the file in one step.
fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    save(path, text).map_err(|error| {
        CommandError::new(Kind::Usage, format!("cannot write `{}`: {error}", file::name(path))).hint("--out FILE")
    })
}
