//! docs/emulator/coverage.md, and what a call of each operation answers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use flarekeep_catalogue::operations;
use flarekeep_emulator::{Coverage, coverage};

use super::common::{Local, path};
use super::shapes::is_json;

#[test]
fn the_page_of_coverage_is_true() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/emulator/coverage.md");
    super::settle(&page, &text());
}

fn text() -> String {
    let all = coverage();
    let count = |wanted: Coverage| all.iter().filter(|covered| covered.coverage == wanted).count();
    let presumed = all.iter().filter(|covered| covered.presumed).count();
    let mut products: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for covered in &all {
        products.entry(covered.operation.product()).or_default()[covered.coverage as usize] += 1;
    }
    let cell = |count: usize| if count == 0 { String::new() } else { count.to_string() };
    let rows = products.iter().map(|(product, counts)| {
        let name = if product.is_empty() { "*no product is known*" } else { product };
        format!("| {name} | {} | {} | {} |\n", cell(counts[0]), cell(counts[1]), cell(counts[2]))
    });
    format!(
        "# What the local Cloudflare answers, by product\n\n\
         *Written by `FLAREKEEP_UPDATE=1 cargo test -p flarekeep-emulator --test schema`; a test holds it true.*\n\n\
         Of {} operations, every one is routed, authenticated and authorised. Then\n\n\
         - {} are **simulated**: they act on the emulator's state;\n\
         - {} answer **from the schema**: the least that Cloudflare's published schema accepts, with the header\n  \
         `x-flarekeep-simulated: schema`. Nothing is changed, whatever the method. Of {presumed} of them the schema does not\n  \
         hold the answer itself; they answer the usual envelope with `result: null`, and say so with `x-flarekeep-shape: presumed`;\n\
         - {} answer **501** with code 199001 and `x-flarekeep-simulated: no`: the schema does not know them, or asks for what\n  \
         no answer can be.\n\n\
         `flarekeep emulate --coverage --json` lists every operation.\n\n\
         | product | simulated | from the schema | 501 |\n|---|---|---|---|\n{}",
        all.len(),
        count(Coverage::Simulated),
        count(Coverage::Schema),
        count(Coverage::NotSimulated),
        rows.collect::<String>(),
    )
}

#[tokio::test]
async fn every_operation_answers_the_global_key_as_it_is_covered() {
    // A zone that is removed answers nothing more.
    let (local, apart) = (Local::start().await, Local::start().await);
    for covered in coverage().iter().filter(|covered| covered.operation.is_routed()) {
        let operation = covered.operation;
        let local = if operation.to_string() == "DELETE /zones/{zone_id}" { &apart } else { &local };
        let reply = local.admin(operation.method.as_str(), &path(operation)).send().await;
        let what = format!("{operation}: {} {}", reply.status, reply.text);
        let said = |name: &str| reply.headers.get(name).map(|value| value.to_str().unwrap());
        let is_graphql = operation.path() == "/graphql";
        let word = match covered.coverage {
            Coverage::Simulated => None,
            Coverage::Schema => Some("schema"),
            Coverage::NotSimulated => Some("no"),
        };
        assert!(is_graphql || said("x-flarekeep-simulated") == word, "{what}");
        assert_eq!(said("x-flarekeep-shape"), covered.presumed.then_some("presumed"), "{what}");
        assert_eq!(said("x-should-retry"), (word == Some("no")).then_some("false"), "{what}");
        match covered.coverage {
            Coverage::Simulated => assert!(reply.status < 500, "{what}"),
            Coverage::Schema => assert!((200..300).contains(&reply.status), "{what}"),
            Coverage::NotSimulated => assert_eq!((reply.status, reply.code()), (501, 199_001), "{what}"),
        }
        let content_type = said("content-type").unwrap_or_default();
        let has_form = match content_type {
            "" => reply.text.is_empty(),
            json if is_json(json) => !reply.json.is_null(),
            _ => true,
        };
        assert!(has_form, "{content_type}: {what}");
    }
    assert!(operations().len() > 3_400);
}

#[tokio::test]
async fn an_answer_of_the_schema_holds_the_ids_of_the_call_and_changes_nothing() {
    let local = Local::start().await;
    let before = local.emulator.state_hash();
    let id = "fedcba9876543210fedcba9876543210";
    for (method, path, echoed) in [
        ("GET", "/accounts/{A}/addressing/prefixes/", true),
        ("PATCH", "/accounts/{A}/addressing/prefixes/", true),
        ("DELETE", "/zones/{Z}/pagerules/", true),
        // The path ends in no id.
        ("POST", "/zones/{Z}/pagerules", false),
    ] {
        let path = if echoed { format!("{path}{id}") } else { path.to_owned() };
        let reply = local.admin(method, &path).send().await;
        assert_eq!(reply.headers["x-flarekeep-simulated"], "schema", "{method} {path}");
        assert_eq!(reply.json["result"]["id"] == id, echoed, "{method} {path}: {}", reply.text);
    }
    assert_eq!(local.emulator.state_hash(), before);
}

#[tokio::test]
async fn a_token_that_may_not_is_refused_before_any_answer() {
    let local = Local::start().await;
    let poor = local.poor_token().await;
    let reply = local.by(&poor, "GET", "/zones/{Z}/pagerules").send().await;
    reply.refused(403, 10000);
    assert!(reply.headers.get("x-flarekeep-simulated").is_none());
}
