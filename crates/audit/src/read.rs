//! Worlds read from files: what the API answered, what flarekeep printed, Terraform's state; audit logs and recordings as
//! usage.
//!
//! Everything here may be anybody's: `serde_json` bounds the depth, the caller the size. A token that cannot be read is
//! said ([`Unread`]) and does not keep the others from being read. No error repeats a value of the file that could be a
//! credential.

mod audit_log;
mod entry;
mod file;
mod recording;
mod shape;
mod terraform;

use flarekeep_catalogue::{harmless, like_a_credential};
use serde_json::value::RawValue;

pub use self::audit_log::{AuditLog, audit_log};
use self::entry::Lack;
use self::file::File;
pub use self::recording::recording;
use self::shape::Document;
use crate::pages::ListPage;
use crate::token::{OwnedBy, TokenRecord};
use crate::world::{Place, Unread, World};

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot be read, line {line}: {reason}")]
pub struct ReadError {
    /// The file.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it; it repeats no value of the file that could be a credential.
    pub reason: String,
}

/// Reads tokens from JSON: the API's list, with or without its envelope; one token; `flarekeep token list --json`'s
/// document; Terraform's state; or a whole world, `{"as_of", "accounts", "zones", "tokens", "audit_logs"}` (docs/audit.md).
///
/// `name` is what the file is called in places and errors.
///
/// # Errors
/// If the text is none of these. A token that cannot be read is an [`Unread`] of the world, no error.
pub fn tokens_json(name: &str, text: &str) -> Result<World, ReadError> {
    let file = File::new(name, text);
    let mut world = World::default();
    if text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('[') {
        file.tokens(&file.parse::<Vec<_>>(text)?, &mut world);
        return Ok(world);
    }
    let document: Document<'_> = file.parse(text)?;
    if let Some(resources) = document.terraform() {
        terraform::tokens(&file, resources, &mut world);
    } else if let Some(tokens) = &document.tokens {
        world.as_of = document.as_of;
        file.accounts(&document.accounts, &mut world);
        file.zones(&document.zones, &mut world);
        file.tokens(tokens, &mut world);
        if let Some(entries) = document.audit_logs {
            audit_log::of_a_world(&file, &entries, &mut world)?;
        }
    } else if let Some(result) = document.result {
        answer(&file, &document, result, &mut world)?;
    } else if document.id.is_some() || document.policies.is_some() {
        file.tokens(&[file.parse(text)?], &mut world);
    } else if document.success == Some(false) {
        return Err(file.error(REFUSAL));
    } else {
        return Err(file.error("it holds no tokens: give the API's list, one token, or Terraform's state"));
    }
    Ok(world)
}

/// Why an answer that is none is no list without tokens.
const REFUSAL: &str = "it is the API's refusal, and holds no tokens";

/// Reads the API's answer: one token, or a page of a list.
fn answer<'a>(
    file: &File<'a>,
    document: &Document<'a>,
    result: &'a RawValue,
    world: &mut World,
) -> Result<(), ReadError> {
    let entries: Vec<&RawValue> = if result.get().starts_with('[') { file.parse_part(result)? } else { vec![result] };
    if document.success == Some(false) {
        if entries.is_empty() {
            return Err(file.error(REFUSAL));
        }
        let why = "the API says that the call failed (`success` is false): this may be a part of them".to_owned();
        world.unread.push(Unread { what: format!("the tokens of {}, whole", file.shown()), why });
    }
    if let Some((page, total)) = document.page() {
        let mut known = ListPage { place: file.shown(), page, total, ..ListPage::default() };
        for id in File::ids(&entries) {
            match id {
                Some(id) => _ = known.tokens.insert(id),
                None => known.nameless = known.nameless.saturating_add(1),
            }
        }
        world.pages.push(known);
    }
    file.tokens(&entries, world);
    Ok(())
}

/// Reads one token as the API writes it, with what is known from elsewhere. Where the text does not say what it grants,
/// the record has no policies.
///
/// # Errors
/// If the text is no token, or what it grants cannot be read.
pub fn token_json(text: &str, owner: OwnedBy, place: Place) -> Result<TokenRecord, String> {
    let read = entry::read(text, place)?;
    if let Some(Lack::Odd(why)) = read.lack {
        return Err(why);
    }
    let record = read.record;
    Ok(TokenRecord { owner: if owner == OwnedBy::Unknown { record.owner } else { owner }, ..record })
}

/// What serde says, without the place, which is that of a part of the file.
fn place_less(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    guarded(text.strip_suffix(&place).unwrap_or(&text))
}

/// An error's text, unless it repeats what may be a credential.
fn guarded(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    match words.into_iter().any(like_a_credential) {
        true => "a field holds what it cannot hold".to_owned(),
        false => text.chars().take(300).flat_map(harmless).collect(),
    }
}

#[cfg(test)]
mod tests;
