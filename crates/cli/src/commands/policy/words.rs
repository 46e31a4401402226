//! Operations, places and conditions in words and in documents.

use std::collections::BTreeMap;

use flarekeep_catalogue::{Operation, Rule, operations, widenings};
use flarekeep_policy::{
    Area, Example, Grant, IpCondition, Owners, Place, Request, Status, Token, UnixSeconds, Unproved,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::output::table::table;
use crate::output::{CARE, FAINT, Output, STRONG, counted, plain, styled};
use crate::place::in_words;

/// So many products are counted without `--verbose`.
const PRODUCTS: usize = 12;
/// So many operations are named then.
const SHOWN: usize = 4;
/// So many places are named in one line.
const PLACES: usize = 2;

/// An operation, and where it is at stake.
type Row<'a> = (&'static Operation, Vec<&'a Place>);

/// The operations of the areas by product, products that something changes in first: counted, with the first few that
/// change something; with `--verbose` all of them.
pub(super) fn by_product(output: Output, areas: &[Area]) {
    let mut products: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
    for row in rows(areas) {
        products.entry(product(row.0)).or_default().push(row);
    }
    let mut products: Vec<_> = products.into_iter().collect();
    products.sort_by_key(|(_, rows)| !rows.iter().any(|(operation, _)| operation.mutates()));
    if output.verbose {
        return products.into_iter().for_each(|product| whole(output, product));
    }
    if products.is_empty() {
        return;
    }
    let more = products.len().saturating_sub(PRODUCTS);
    // One more takes no more room than the line that says so.
    let shown = products.len() - if more == 1 { 0 } else { more };
    let table_rows = products.iter().take(shown).map(|(product, rows)| {
        let (writes, reads) = numbers(rows);
        [(*product).to_owned(), writes, reads, styled(FAINT, at(output, rows))]
    });
    output.line(table(2, Some(["PRODUCT", "WRITES", "READS", "AT"]), table_rows));
    if shown < products.len() {
        output.line(styled(FAINT, format!("  and {more} more products (--verbose)")));
    }
}

/// A product with all its operations.
fn whole(output: Output, (product, mut rows): (&str, Vec<Row>)) {
    rows.sort_by_key(|(operation, _)| !operation.mutates());
    let place = styled(FAINT, format!("at {}", at(output, &rows)));
    output.line(format!("  {} {place}", styled(STRONG, product)));
    let doubt = |operation: &Operation| match operation.provenance.is_inferred() {
        true => styled(CARE, "inferred"),
        false => String::new(),
    };
    output.line(table(4, None, rows.iter().map(|(operation, _)| [operation.to_string(), doubt(operation)])));
}

/// How many operations may change something, and how many only read.
fn numbers(rows: &[Row]) -> (String, String) {
    let writes = rows.iter().filter(|(operation, _)| operation.mutates()).count();
    let number = |number: usize| if number == 0 { "-".to_owned() } else { number.to_string() };
    (number(writes), number(rows.len() - writes))
}

/// All places of some operations.
fn at(output: Output, rows: &[Row]) -> String {
    let mut all: Vec<&Place> = rows.iter().flat_map(|(_, places)| places.iter().copied()).collect();
    all.sort();
    all.dedup();
    places(output, &all)
}

/// The first operations that may change something, those that open a way to widen the token before others.
pub(super) fn first_writes(areas: &[Area]) -> Vec<&'static Operation> {
    let mut writes: Vec<_> =
        rows(areas).into_iter().map(|(operation, _)| operation).filter(|operation| operation.mutates()).collect();
    let widens = |operation: &Operation| widenings().iter().any(|widening| widening.is_opened_by(operation));
    writes.sort_by_key(|operation| !widens(operation));
    writes.truncate(SHOWN);
    writes
}

/// Each operation once, with the places of all its areas.
fn rows(areas: &[Area]) -> Vec<Row<'_>> {
    let mut by_operation: BTreeMap<u16, Row> = BTreeMap::new();
    for area in areas {
        for operation in area.operations.iter() {
            let row = by_operation.entry(operation.index).or_insert_with(|| (operation, Vec::new()));
            row.1.extend(&area.places);
        }
    }
    by_operation.into_values().collect()
}

fn product(operation: &Operation) -> &'static str {
    match (operation.product(), operation.is_s3()) {
        ("", true) => "R2, S3 face",
        ("", false) => "others, known by path only",
        (product, _) => product,
    }
}

/// The first places and how many more; all with `--verbose`.
pub(super) fn places(output: Output, all: &[&Place]) -> String {
    let shown = if output.verbose { all.len() } else { PLACES };
    let words: Vec<String> = all.iter().take(shown).map(|place| plain(&in_words(&place.to_string()))).collect();
    match all.len().saturating_sub(shown) {
        0 => words.join("; "),
        more => format!("{}; {}", words.join("; "), counted(more, "more place")),
    }
}

/// How many operations, and how many of them change something.
pub(super) fn counts(areas: &[Area]) -> String {
    let rows = rows(areas);
    let writes = rows.iter().filter(|(operation, _)| operation.mutates()).count();
    match rows.len() {
        0 => "no operation".to_owned(),
        all => format!("{}, {writes} of which may change something", counted(all, "operation")),
    }
}

/// A call in one line: method and path, and what else matters.
pub(super) fn call(request: &Request, place: &Place) -> String {
    let mut words = format!("{} {}", request.operation.method, plain(&in_words(&request.path())));
    // A path with the ids of the place says it already.
    if *place != Place::Unplaced && (!place.is_named() || is_conditional(place)) {
        words.push_str(&format!(" at {}", plain(&in_words(&place.to_string()))));
    }
    words
}

/// Whether what is said of a place depends on who owns it.
fn is_conditional(place: &Place) -> bool {
    matches!(place, Place::Zone { zone: Some(_), owners: Owners::These(_) })
}

/// Tells how to say who owns a zone, where the answer depends on it.
pub(super) fn ask_for_owners(output: Output, areas: &[Area]) {
    if areas.iter().flat_map(|area| &area.places).any(is_conditional) {
        output.note(styled(FAINT, "\nthis depends on who owns a zone: --zone-account ZONE=ACCOUNT says it"));
    }
}

/// The same with address and time, where conditions decide.
pub(super) fn example(example: &Example, by_conditions: bool) -> String {
    let request = &example.request;
    let mut words = call(request, &example.place);
    if by_conditions {
        request.ip.iter().for_each(|ip| words.push_str(&format!(", from {ip}")));
        words.push_str(&format!(", at {}", time(request.at)));
    }
    words
}

pub(super) fn time(at: UnixSeconds) -> String {
    Timestamp::from_second(at.0).map_or_else(|_| format!("second {}", at.0), |time| time.to_string())
}

/// What is not known about a token, a line each.
pub(super) fn not_known(output: Output, unproved: &[Unproved]) {
    let mut by_group: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in unproved {
        by_group.entry(group(&one.grant)).or_default().push(plain(&in_words(&one.resource.to_string())));
    }
    for (group, places) in by_group {
        let more = places.len().saturating_sub(PLACES);
        let more = if more > 0 { format!("; {}", counted(more, "more place")) } else { String::new() };
        let places = places.into_iter().take(PLACES).collect::<Vec<_>>().join("; ");
        output.line(format!("  {} {group} at {places}{more}", styled(CARE, "not known what it opens:")));
    }
}

fn group(grant: &Grant) -> String {
    match grant {
        Grant::Group(group) => group.name.to_owned(),
        Grant::Named(group, id) => format!("{} by the unknown id {id}", group.name),
        Grant::Unknown(id) => format!("group {id}"),
    }
}

/// The conditions of a token by what they are called.
pub(super) fn conditions(token: &Token) -> Vec<(&'static str, String)> {
    let status = match token.status {
        Status::Active => "active",
        Status::Disabled => "disabled",
        Status::Expired => "expired",
        Status::RevokedExposed => "revoked (exposed)",
        Status::Unknown => "not known",
    };
    let or = |at: Option<UnixSeconds>, without: &str| at.map_or_else(|| without.to_owned(), time);
    vec![
        ("status", status.to_owned()),
        ("from", or(token.not_before, "at once")),
        ("until", or(token.expires_on, "without an end")),
        ("address", addresses(&token.ip)),
    ]
}

fn addresses(ip: &IpCondition) -> String {
    let list = |ranges: &flarekeep_policy::IpSet| {
        let ranges: Vec<String> = ranges.0.iter().map(ToString::to_string).collect();
        if ranges.is_empty() { "none".to_owned() } else { ranges.join(", ") }
    };
    let within = ip.within.as_ref().map_or_else(|| "any".to_owned(), list);
    match ip.not_within.as_ref().filter(|ranges| !ranges.0.is_empty()) {
        Some(not_within) => format!("{within}, but not {}", list(not_within)),
        None => within,
    }
}

/// How many operations there are of which nobody has published which groups they accept.
pub(super) fn unlabelled() -> usize {
    operations().iter().filter(|operation| operation.rule == Rule::Unlabelled).count()
}

pub(super) fn areas_document(areas: &[Area]) -> Value {
    let operation = |operation: &'static Operation| {
        json!({
            "operation": operation.to_string(),
            "product": operation.product(),
            "mutates": operation.mutates(),
            "provenance": operation.provenance.word(),
        })
    };
    let area = |area: &Area| {
        json!({
            "places": area.places.iter().map(|place| in_words(&place.to_string())).collect::<Vec<_>>(),
            "operations": area.operations.iter().map(operation).collect::<Vec<_>>(),
        })
    };
    areas.iter().map(area).collect()
}

pub(super) fn request_document(request: &Request, place: &Place) -> Value {
    let id = |id: Option<String>| id.map(|id| in_words(&id));
    json!({
        "method": request.operation.method.as_str(),
        "path": in_words(&request.path()),
        "operation": request.operation.to_string(),
        "place": in_words(&place.to_string()),
        "account": id(request.account.map(|id| id.to_string())),
        "zone": id(request.zone.map(|id| id.to_string())),
        "bucket": id(request.bucket.as_ref().map(ToString::to_string)),
        "user": id(request.user.map(|id| id.to_string())),
        "ip": request.ip.map(|ip| ip.to_string()),
        "at": time(request.at),
    })
}

pub(super) fn unproved_document(unproved: &[Unproved]) -> Value {
    let one = |one: &Unproved| json!({"group": group(&one.grant), "resource": in_words(&one.resource.to_string())});
    unproved.iter().map(one).collect()
}
