//! Terraform's text read back by another's parser, and by Terraform itself where it is at hand.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use hcl::expr::{Expression, FuncName, ObjectKey};
use hcl::structure::{Block, Body};
use proptest::prelude::*;

use super::super::samples::{ACCOUNT, USER, draft_of, drafts, hostile};
use super::*;

/// A policy as it is read back: its effect, its ids (or the names they are looked up by), its resources as `outer/inner`.
type Read = (String, BTreeSet<String>, BTreeSet<String>);

fn string(expression: &Expression) -> String {
    match expression {
        Expression::String(text) => text.clone(),
        // A string with an escaped template is kept as written.
        Expression::TemplateExpr(template) => {
            let text = hcl::eval::Evaluate::evaluate(template.as_ref(), &hcl::eval::Context::new()).unwrap();
            text.as_str().unwrap().to_owned()
        }
        other => panic!("no string: {other:?}"),
    }
}

fn key(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Expression(expression) => string(expression),
        other => other.to_string(),
    }
}

fn object(expression: &Expression) -> Vec<(String, &Expression)> {
    let expression = match expression {
        Expression::FuncCall(call) if call.name == FuncName::new("jsonencode") => &call.args[0],
        other => other,
    };
    let Expression::Object(object) = expression else { panic!("no object: {expression:?}") };
    object.iter().map(|(name, value)| (key(name), value)).collect()
}

fn array(expression: &Expression) -> &[Expression] {
    let Expression::Array(items) = expression else { panic!("no array: {expression:?}") };
    items
}

/// An id, or the name that it is looked up by.
fn group(expression: &Expression) -> String {
    match expression {
        Expression::String(id) => id.clone(),
        other => {
            let text = other.to_string();
            let names = draft_names().into_iter().filter(|name| text.contains(&format!("\"{name}\"")));
            names.max_by_key(String::len).unwrap_or_else(|| panic!("no look-up: {text}"))
        }
    }
}

fn draft_names() -> Vec<String> {
    flarekeep_catalogue::groups().iter().map(|group| group.name.to_owned()).collect()
}

fn resources_of(expression: &Expression) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (outer, value) in object(expression) {
        match value {
            Expression::String(whole) => {
                assert_eq!(whole, "*");
                keys.insert(outer);
            }
            nested => keys.extend(object(nested).into_iter().map(|(inner, whole)| {
                assert_eq!(string(whole), "*");
                format!("{outer}/{inner}")
            })),
        }
    }
    keys
}

fn attribute<'a>(body: &'a Body, name: &str) -> Option<&'a Expression> {
    body.attributes().find(|attribute| attribute.key() == name).map(hcl::Attribute::expr)
}

fn token(body: &Body) -> &Block {
    body.blocks().find(|block| block.identifier() == "resource").unwrap()
}

fn policies(token: &Body, version: Version) -> BTreeSet<Read> {
    match version {
        Version::Five => array(attribute(token, "policies").unwrap())
            .iter()
            .map(|policy| {
                let policy = object(policy);
                let field = |name: &str| policy.iter().find(|(key, _)| key == name).unwrap().1;
                let groups = array(field("permission_groups")).iter().map(|entry| group(object(entry)[0].1)).collect();
                (string(field("effect")), groups, resources_of(field("resources")))
            })
            .collect(),
        Version::Four => token
            .blocks()
            .filter(|block| block.identifier() == "policy")
            .map(|block| {
                let field = |name: &str| attribute(block.body(), name).unwrap();
                let groups = array(field("permission_groups")).iter().map(group).collect();
                (string(field("effect")), groups, resources_of(field("resources")))
            })
            .collect(),
    }
}

/// What was meant, from the documents that the API takes.
fn meant(draft: &TokenDraft) -> BTreeSet<Read> {
    let documents = draft.policies.iter().flat_map(policy_documents);
    documents
        .map(|policy| {
            let groups = policy.permission_groups.into_iter().map(|group| group.id.or(group.name).unwrap()).collect();
            let resources = policy.resources.into_iter().flat_map(|(outer, inside)| match inside {
                ResourceDocument::Whole(_) => vec![outer],
                ResourceDocument::Nested(nested) => nested.keys().map(|inner| format!("{outer}/{inner}")).collect(),
            });
            (policy.effect, groups, resources.collect())
        })
        .collect()
}

fn versions(draft: &TokenDraft) -> Vec<Version> {
    match draft.owner {
        Owner::User(_) => vec![Version::Four, Version::Five],
        Owner::Account(_) => vec![Version::Five],
    }
}

fn ranges(token: &Body, version: Version) -> Vec<String> {
    let list = match version {
        Version::Four => {
            let inner = |body: &Body, name: &str| {
                body.blocks().find(|block| block.identifier() == name).map(|b| b.body().clone())
            };
            inner(token, "condition")
                .and_then(|condition| inner(&condition, "request_ip"))
                .and_then(|request| attribute(&request, "in").cloned())
        }
        Version::Five => attribute(token, "condition").map(|condition| {
            let request = object(condition)[0].1.clone();
            object(&request)[0].1.clone()
        }),
    };
    list.map(|list| array(&list).iter().map(string).collect()).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn another_parser_reads_every_grant_back(draft in drafts()) {
        for version in versions(&draft) {
            let text = render(&draft, version).text;
            let body: Body = hcl::parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            let token = token(&body);
            prop_assert_eq!(token.body().attributes().filter(|it| it.key() == "name").count(), 1);
            prop_assert_eq!(policies(token.body(), version), meant(&draft), "{}", text);
            let expected: Vec<String> = draft.allow_ips.iter().map(ToString::to_string).collect();
            prop_assert_eq!(ranges(token.body(), version), expected);
            let time = |name: &str| attribute(token.body(), name).map(string);
            prop_assert_eq!(time("expires_on"), draft.expires_on.clone());
            prop_assert_eq!(attribute(token.body(), "account_id").is_some(), matches!(draft.owner, Owner::Account(_)));
            // Resource, output, and the look-up where a group needs it: nothing that a name could have slipped in.
            let blocks = 2 + usize::from(!draft.without_id().is_empty());
            prop_assert_eq!(body.blocks().count(), blocks);
        }
    }
}

fn terraform() -> Option<Command> {
    let mut command = Command::new("terraform");
    command.env("CHECKPOINT_DISABLE", "1").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let known = Command::new("terraform").arg("version").env("CHECKPOINT_DISABLE", "1").output().is_ok();
    if !known {
        eprintln!("skipped: terraform is not at hand");
    }
    known.then_some(command)
}

fn answer(mut command: Command, arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = command.args(arguments).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let well = output.status.success();
    // Warnings about Terraform's own configuration go to the error stream, too: they count where it failed.
    let text = if well { output.stdout } else { [output.stdout, output.stderr].concat() };
    (well, String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn terraform_would_format_it_no_other_way() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..24 {
        let draft = proptest::strategy::ValueTree::current(&drafts().new_tree(&mut runner).unwrap());
        for version in versions(&draft) {
            let Some(command) = terraform() else { return };
            let text = render(&draft, version).text + "\n";
            let (well, said) = answer(command, &["fmt", "-check", "-diff", "-no-color", "-"], &text);
            assert!(well, "{said}\n{text}");
        }
    }
}

/// Terraform evaluates each string; what it makes of it is what was meant.
#[test]
fn terraform_reads_the_strings_that_were_meant() {
    let Some(command) = terraform() else { return };
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut texts: Vec<String> = ["$${", "$$${a}", "%%{", "$%{", "\\${", "${", "\"${", "%{if true}", "a\nb", "$", "%"]
        .map(str::to_owned)
        .to_vec();
    for _ in 0..200 {
        texts.push(proptest::strategy::ValueTree::current(&hostile().new_tree(&mut runner).unwrap()));
    }
    // Terraform normalises strings to NFC, which is no fault of the quoting: only texts that have one form are compared.
    texts.retain(|text| text.chars().all(|c| c.is_ascii() || "é\u{2028}\u{85}\u{202e}".contains(c)));
    let folder = tempfile();
    let list = texts.iter().map(|text| hcl(text)).collect::<Vec<_>>().join(", ");
    let mut command = command;
    command.current_dir(&folder);
    let (well, said) = answer(command, &["console", "-no-color"], &format!("jsonencode([{list}])\n"));
    std::fs::remove_dir_all(folder).unwrap();
    assert!(well, "{said}");
    let read: String = serde_json::from_str(said.trim()).unwrap_or_else(|error| panic!("{error}\n{said}"));
    assert_eq!(serde_json::from_str::<Vec<String>>(&read).unwrap(), texts);
}

fn tempfile() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("flarekeep-terraform-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_group_without_an_id_is_looked_up_and_never_invented() {
    for owner in [USER, Owner::Account(ACCOUNT)] {
        let draft = draft_of(owner, &["DLS: Write", "IP Prefixes: Write"]);
        let text = render(&draft, Version::Five).text;
        assert!(text.contains("No id is published for DLS: Write: looked up by name."), "{text}");
        assert!(text.contains(r#"group.name == "DLS: Write""#), "{text}");
    }
    let text = render(&draft_of(USER, &["DLS: Write"]), Version::Four).text;
    assert!(text.contains(r#"data.cloudflare_api_token_permission_groups.all.account["DLS: Write"]"#), "{text}");
    let text = render(&draft_of(USER, &["DNS Write"]), Version::Five).text;
    assert!(!text.contains("data \""), "{text}");
}
