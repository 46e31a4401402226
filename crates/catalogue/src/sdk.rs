//! The methods of Cloudflare's official SDKs, and the operations that they call.

use std::cmp::Ordering;

use crate::nearest::nearest;
use crate::operation::Operation;
use crate::tables;

/// A method of the SDK.
#[derive(Debug, Clone, Copy)]
pub struct SdkMethod {
    /// The dotted name as TypeScript spells it, without the client: `dns.records.update`.
    pub name: &'static str,
    calls: &'static [u16],
}

impl SdkMethod {
    /// What it calls: one operation, or two where it serves accounts and zones alike.
    pub fn operations(&self) -> impl Iterator<Item = &'static Operation> + Clone + use<> {
        self.calls.iter().filter_map(|index| tables::operations().get(usize::from(*index)))
    }
}

/// All methods, ordered by their names without case, `_` and `-`.
pub fn sdk_methods() -> impl Iterator<Item = SdkMethod> + Clone {
    tables::sdk_methods().windows(2).filter_map(unpacked)
}

/// No method of the SDK is called so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no SDK method `{given}`")]
pub struct SdkError {
    /// What was given.
    pub given: String,
    /// The names that are spelt most like it.
    pub nearest: Vec<String>,
}

/// Finds a method by its dotted name in the case of any SDK: TypeScript's `dns.records.scanList`, Python's
/// `dns.records.scan_list`, Go's `DNS.Records.ScanList`. Go's `New` and `…AutoPaging` and Python's
/// `with_raw_response` are understood; the client before the name and the call behind it are not.
pub fn sdk_method(text: &str) -> Result<SdkMethod, SdkError> {
    let name = text.trim();
    find_in_any_words(name).ok_or_else(|| SdkError {
        given: name.escape_debug().take(120).collect(),
        nearest: nearest(
            &name.chars().take(120).collect::<String>(),
            sdk_methods().map(|method| method.name.to_owned()),
        ),
    })
}

/// The same, without a search for the nearest.
pub(crate) fn find_in_any_words(name: &str) -> Option<SdkMethod> {
    find(name).or_else(|| find(&translated(name)?))
}

fn find(name: &str) -> Option<SdkMethod> {
    let rows = tables::sdk_methods();
    // The last row only ends the one before it, and has no name.
    let (mut low, mut high) = (0, rows.len().saturating_sub(1));
    while low < high {
        let middle = low + (high - low) / 2;
        let method = unpacked(rows.get(middle..)?)?;
        match folded(method.name).cmp(folded(name)) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Some(method),
        }
    }
    None
}

/// The name in TypeScript's words, where another SDK says it with other ones.
fn translated(name: &str) -> Option<String> {
    let mut segments: Vec<&str> = name.split('.').collect();
    let is = |segment: &str, word: &str| folded(segment).eq(word.chars());
    segments.retain(|segment| !is(segment, "withrawresponse") && !is(segment, "withstreamingresponse"));
    let last = segments.pop()?;
    let plain = last.strip_suffix("AutoPaging").unwrap_or(last);
    segments.push(if is(plain, "new") { "create" } else { plain });
    Some(segments.join("."))
}

/// Without case, `_` and `-`: the same rule as in `build/packed.rs`.
fn folded(name: &str) -> impl Iterator<Item = char> + Clone {
    name.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase())
}

/// The method of the first of these rows; the second says where its name and calls end.
fn unpacked(rows: &[(u32, u16)]) -> Option<SdkMethod> {
    let [(name, calls), (next_name, next_calls), ..] = rows else { return None };
    Some(SdkMethod {
        name: tables::sdk_names().get(*name as usize..*next_name as usize)?,
        calls: tables::sdk_calls().get(usize::from(*calls)..usize::from(*next_calls))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(text: &str) -> Vec<String> {
        sdk_method(text).unwrap_or_else(|error| panic!("{error}")).operations().map(ToString::to_string).collect()
    }

    #[test]
    fn every_method_is_found_by_its_name_in_any_case() {
        let mut count = 0;
        for method in sdk_methods() {
            count += 1;
            assert!((1..=2).contains(&method.operations().count()), "{}", method.name);
            for spelling in [method.name.to_owned(), method.name.to_uppercase(), snake(method.name)] {
                assert_eq!(sdk_method(&spelling).map(|found| found.name), Ok(method.name), "{spelling}");
            }
        }
        assert_eq!(count, tables::sdk_methods().len() - 1);
    }

    /// Python's spelling.
    fn snake(name: &str) -> String {
        name.chars()
            .map(|c| if c.is_ascii_uppercase() { format!("_{}", c.to_ascii_lowercase()) } else { c.into() })
            .collect()
    }

    #[test]
    fn the_words_of_each_sdk_lead_to_the_same_operation() {
        let create = ["POST /zones/{zone_id}/dns_records"];
        for spelling in ["dns.records.create", "DNS.Records.New", "dns.records.with_raw_response.create"] {
            assert_eq!(called(spelling), create, "{spelling}");
        }
        assert_eq!(called("Zones.ListAutoPaging"), called("zones.list"));
        assert_eq!(called("rulesets.create").len(), 2);
    }

    #[test]
    fn an_unknown_method_offers_the_nearest() {
        let error = sdk_method("dns.record.update").unwrap_err();
        assert_eq!(error.nearest[0], "dns.records.update");
        assert!(sdk_method("").is_err() && sdk_method("...").is_err());
    }
}
