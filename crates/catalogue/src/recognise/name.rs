//! Names of other tools: SDK methods, Terraform types, addresses of the documentation.

use super::{RecogniseError, Recognised, Remark, Subject, harmless, nothing};
use crate::nearest::nearest;
use crate::operation::{Operation, operations};
use crate::sdk::{SdkError, SdkMethod, find_in_any_words, sdk_method, sdk_methods};
use crate::terraform::{TerraformError, TerraformKind, TerraformType, terraform_type, terraform_types};

/// How many words of a text are looked at.
const WORDS: usize = 64;

pub(super) fn recognise(text: &str) -> Result<Recognised, RecogniseError> {
    if let Some(name) = terraform_name(text) {
        return match terraform_type(name) {
            Ok(types) => Ok(of_terraform(text, name, types)),
            Err(TerraformError { nearest, .. }) => Err(TerraformError { given: harmless::word(name), nearest }.into()),
        };
    }
    let words = || words(text).filter(|word| word.contains('.')).take(WORDS);
    if let Some(method) = words().find_map(of_client) {
        return Ok(of_sdk(method));
    }
    // A call, or a dotted name alone, can only have been meant as a method.
    let called = text.split('(').next().unwrap_or(text).trim();
    if called.contains('.') && !called.contains(char::is_whitespace) && words().next() == Some(called) {
        return named_method(called, without_client(called));
    }
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if text.chars().all(word) {
        let given = harmless::word(text);
        let ids = operations().iter().map(Operation::operation_id).filter(|id| !id.is_empty());
        let names = terraform_types().map(|known| known.name).chain(sdk_methods().map(|method| method.name));
        let nearest = nearest(&given, ids.chain(names).map(str::to_owned));
        return Err(RecogniseError::Name { given, nearest });
    }
    Err(RecogniseError::Unrecognised)
}

/// The page of an operation in Cloudflare's API documentation: `/api/resources/dns/subresources/records/methods/update`
/// or `/api/operations/dns-records-for-a-zone-update-dns-record`.
pub(super) fn documentation(path: &str) -> Result<Recognised, RecogniseError> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if let Some(id) = segments.iter().position(|segment| *segment == "operations").and_then(|at| segments.get(at + 1)) {
        return super::by_operation_id(id).ok_or_else(elsewhere);
    }
    let words = ["api", "resources", "subresources", "methods"];
    // The language of a page may stand before it: /api/python/resources/….
    let from = segments.iter().position(|segment| *segment == "resources").ok_or_else(elsewhere)?;
    let name: Vec<&str> =
        segments.into_iter().skip(from).filter(|segment| !words.contains(segment)).take(WORDS).collect();
    let name = name.join(".");
    named_method(&name, &name)
}

/// The method with this name; its error says `shown`.
fn named_method(shown: &str, name: &str) -> Result<Recognised, RecogniseError> {
    sdk_method(name)
        .map(of_sdk)
        .map_err(|SdkError { nearest, .. }| SdkError { given: harmless::word(shown), nearest }.into())
}

fn elsewhere() -> RecogniseError {
    RecogniseError::Elsewhere { host: "developers.cloudflare.com".to_owned() }
}

fn of_sdk(method: SdkMethod) -> Recognised {
    let operations = method.operations().collect();
    Recognised { operations, ..nothing(Subject::SdkMethod(method), method.name.to_owned()) }
}

/// The method that a dotted word names, perhaps behind the name of a client.
fn of_client(word: &str) -> Option<SdkMethod> {
    let word = word.trim_matches('.');
    find_in_any_words(word).or_else(|| find_in_any_words(without_client(word)))
}

/// A dotted name without the client before it.
fn without_client(word: &str) -> &str {
    let mut rest = word;
    while let Some((first, behind)) = rest.split_once('.') {
        let clients = ["client", "cf", "cloudflare", "api", "this", "self"];
        if !clients.iter().any(|client| first.eq_ignore_ascii_case(client)) {
            break;
        }
        rest = behind;
    }
    rest
}

/// The Terraform type's name in an address, a block's head, or alone.
fn terraform_name(text: &str) -> Option<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !word(c)).filter(|word| !word.is_empty()).take(WORDS).find(|word| word.starts_with("cloudflare_"))
}

fn of_terraform(text: &str, name: &str, types: Vec<TerraformType>) -> Recognised {
    let before = text.split(name).next().unwrap_or_default().trim_end_matches(['"', ' ', '\t']);
    let behind = text.get(text.find(name).unwrap_or_default() + name.len()..).unwrap_or_default();
    let kind = if before.ends_with("data") || before.ends_with("data.") {
        Some(TerraformKind::DataSource)
    } else if before.ends_with("resource") || behind.starts_with('.') {
        Some(TerraformKind::Resource)
    } else {
        None
    };
    let meant: Vec<TerraformType> =
        types.iter().copied().filter(|known| kind.is_none_or(|kind| known.kind == kind)).collect();
    let remarks = if meant.is_empty() { vec![Remark::OtherKind] } else { Vec::new() };
    let types = if meant.is_empty() { types } else { meant };
    let mut operations: Vec<&'static Operation> =
        types.iter().flat_map(|known| known.operations().map(|(_, operation)| operation)).collect();
    operations.sort_by_key(|operation| operation.index);
    operations.dedup();
    let name = types.first().map_or("", |known| known.name).to_owned();
    Recognised { operations, remarks, ..nothing(Subject::Terraform(types), name) }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))).filter(|word| !word.is_empty())
}
