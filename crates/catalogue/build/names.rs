//! Names that are uncertain, the words that people search with, how tokens widen themselves, families of products, and where the facts come
//! from.

use std::fmt::Write as _;

use crate::Row;

/// Writes `UNCERTAIN_NAMES`.
pub(crate) fn write_uncertain(out: &mut String, rows: &[Row]) {
    writeln!(out, "static UNCERTAIN_NAMES: [UncertainName; {}] = [", rows.len()).unwrap();
    for row in rows {
        let scope = match row["scope"].as_str() {
            "account" => "Account",
            "zone" => "Zone",
            other => panic!("uncertain_names.tsv: unknown scope `{other}`"),
        };
        writeln!(
            out,
            "UncertainName {{ scope: Scope::{scope}, name: {:?}, id: GroupId::from_u128(0x{}), may_mean: \
             GroupId::from_u128(0x{}), note: {:?}, source: {:?} }},",
            row["name"], row["id"], row["may_mean"], row["note"], row["source"],
        )
        .unwrap();
    }
    out.push_str("];\n");
}

/// Writes `SYNONYMS`.
pub(crate) fn write_synonyms(out: &mut String, rows: &[Row]) {
    writeln!(out, "static SYNONYMS: [Synonym; {}] = [", rows.len()).unwrap();
    for row in rows {
        let means: Vec<_> = crate::list(&row["means"]).collect();
        writeln!(out, "Synonym {{ words: {:?}, means: &{means:?}, source: {:?} }},", row["words"], row["source"])
            .unwrap();
    }
    out.push_str("];\n");
}

/// Writes `WIDENINGS`.
pub(crate) fn write_widenings(out: &mut String, rows: &[Row]) {
    writeln!(out, "static WIDENINGS: [Widening; {}] = [", rows.len()).unwrap();
    for row in rows {
        let way = match row["way"].as_str() {
            "tokens" => "Tokens",
            "members" => "Members",
            "workers" => "Workers",
            "pages" => "Pages",
            "builds" => "Builds",
            "r2" => "R2",
            other => panic!("widening.tsv: unknown way `{other}`"),
        };
        let method = |method: &str| match method {
            "POST" => "Method::Post",
            "PUT" => "Method::Put",
            "PATCH" => "Method::Patch",
            other => panic!("widening.tsv: unknown method `{other}`"),
        };
        let methods: Vec<_> = row["methods"].split(", ").map(method).collect();
        writeln!(
            out,
            "Widening {{ way: Way::{way}, methods: &[{}], path: {:?}, gains: {:?}, source: {:?} }},",
            methods.join(", "),
            row["path"],
            row["gains"],
            row["source"],
        )
        .unwrap();
    }
    out.push_str("];\n");
}

/// Writes `FAMILIES`.
pub(crate) fn write_families(out: &mut String, rows: &[Row]) {
    writeln!(out, "static FAMILIES: [Family; {}] = [", rows.len()).unwrap();
    for row in rows {
        let paths: Vec<_> = row["paths"].split(", ").collect();
        let is_public = match row["data"].as_str() {
            "" => false,
            "public" => true,
            other => panic!("families.tsv: unknown kind of data `{other}`"),
        };
        writeln!(out, "Family {{ name: {:?}, paths: &{paths:?}, is_public: {is_public} }},", row["family"]).unwrap();
    }
    out.push_str("];\n");
}

/// Writes `SOURCES`.
pub(crate) fn write_sources(out: &mut String, rows: &[Row]) {
    writeln!(out, "static SOURCES: [Source; {}] = [", rows.len()).unwrap();
    for row in rows {
        writeln!(out, "Source {{ part: {:?}, source: {:?}, date: {:?} }},", row["part"], row["source"], row["date"])
            .unwrap();
    }
    out.push_str("];\n");
}
