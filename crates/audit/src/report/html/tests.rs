use std::collections::BTreeSet;

use flarekeep_catalogue::is_hostile;
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;
use crate::report::fixture;

/// The report without its style, as elements with their attributes, and their text. The templates are written so that it is
/// well-formed XML, too: what a name breaks out of breaks this.
fn read(html: &str) -> (Vec<String>, String) {
    let mut reader = Reader::from_str(html);
    let (mut elements, mut text) = (Vec::new(), String::new());
    let mut in_style = false;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) | Event::Empty(element) => {
                let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
                in_style = name == "style";
                let attributes = element.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    String::from_utf8(attribute.key.as_ref().to_vec()).unwrap()
                });
                elements.push(format!("{name} {}", attributes.collect::<Vec<_>>().join(" ")));
            }
            Event::End(element) => elements.push(format!("/{}", String::from_utf8_lossy(element.name().as_ref()))),
            Event::Text(more) if !in_style => text.push_str(&more.decode().unwrap()),
            Event::GeneralRef(reference) => text.push_str(&format!("&{};", reference.decode().unwrap())),
            Event::Eof => return (elements, quick_xml::escape::unescape(&text).unwrap().into_owned()),
            _ => {}
        }
    }
}

#[test]
fn every_token_product_and_finding_is_there() {
    let audit = fixture::audit();
    let html = html(&audit);
    let (elements, text) = read(&html);
    let cells = elements.iter().filter(|element| *element == "td class").count();
    assert!(cells >= audit.tokens.len() * (3 + 3), "{cells}");
    for finding in audit.findings.iter().chain(audit.accepted.iter().map(|one| &one.finding)) {
        assert!(text.contains(&finding.fingerprint) && text.contains(&finding.summary), "{}", finding.fingerprint);
        for command in finding.mends.iter().filter_map(|mend| mend.command.as_ref()).take(audit.findings.len()) {
            assert!(
                text.contains(command)
                    || audit.accepted.iter().any(|one| one.finding.fingerprint == finding.fingerprint)
            );
        }
    }
    for token in &audit.tokens {
        assert!(text.contains(&token.token.id.to_string()));
    }
    assert!(text.contains("Not everything could be read"));
}

#[test]
fn every_link_inside_the_page_leads_somewhere() {
    let html = html(&fixture::audit());
    let values = |attribute: &str| -> BTreeSet<String> {
        html.split(attribute).skip(1).filter_map(|rest| Some(rest.split('"').next()?.to_owned())).collect()
    };
    let (ids, links) = (values(" id=\""), values(" href=\"#"));
    assert!(links.len() > 8 && links.is_subset(&ids), "{:?}", links.difference(&ids).collect::<Vec<_>>());
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let html = html(&fixture::audit());
    let (elements, _) = read(&html);
    let name = |element: &String| element.split(' ').next().unwrap_or_default().to_owned();
    for forbidden in ["script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video", "image"] {
        assert!(!elements.iter().any(|element| name(element) == forbidden), "{forbidden}");
    }
    assert!(
        !elements
            .iter()
            .any(|element| element.contains(" on") || element.contains(" style") || element.contains(" src"))
    );
    assert!(html.contains("default-src &#39;none&#39;; style-src &#39;sha256-"));
}

#[test]
fn a_token_whose_grants_are_not_known_has_no_score() {
    let mut audit = fixture::audit();
    audit.tokens[0].reach.is_known = false;
    let (_, text) = read(&html(&audit));
    assert_eq!(text.matches("unknown").count(), read(&html(&fixture::audit())).1.matches("unknown").count() + 2);
    assert!(crate::report::markdown(&audit).contains(" | unknown | "));
}

#[test]
fn an_empty_audit_has_a_page_of_its_own() {
    let (_, text) = read(&html(&fixture::empty()));
    assert!(text.contains("There is no token.") && text.contains("Nothing."));
}

#[test]
fn ten_thousand_letters_of_a_name_do_not_swell_the_page() {
    let mut audit = fixture::audit();
    for token in &mut audit.tokens {
        token.token.name = "<".repeat(10_000);
    }
    assert!(html(&audit).len() < html(&fixture::audit()).len() + 60_000);
}

#[test]
fn two_thousand_tokens_make_a_page_of_a_few_megabytes() {
    let page = html(&fixture::many(2_000));
    assert!(page.len() < 8_000_000, "{} bytes", page.len());
    assert_eq!(page.matches("<details class=\"token\"").count(), 2_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_name_changes_the_page(name in any::<String>()) {
        let (plain, _) = read(&html(&fixture::audit()));
        let printed = html(&fixture::audit_with(&name));
        prop_assert!(printed.chars().all(|c| c == '\n' || !is_hostile(c)));
        let (elements, text) = read(&printed);
        prop_assert_eq!(elements, plain);
        let shown = words::name(&fixture::audit_with(&name).tokens[0].token.name, 600);
        let shown = shown.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
        prop_assert!(text.contains(&shown), "{}", shown);
    }

    #[test]
    fn no_markup_in_a_name_is_markup(name in "(</?[a-z]{1,6}( on[a-z]+=['\"]x['\"])?>|&[a-z]{2,4};|]]>|<!--|[\"'<>&]){1,6}") {
        let (plain, _) = read(&html(&fixture::audit()));
        let (elements, _) = read(&html(&fixture::audit_with(&name)));
        prop_assert_eq!(elements, plain);
    }
}
