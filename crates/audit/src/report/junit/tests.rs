use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;
use crate::report::fixture;

/// The elements with the value of the attribute `name`, in order; panics where the text is not well-formed.
fn elements(text: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) | Event::Empty(element) => {
                let attributes: Vec<_> = element.attributes().map(Result::unwrap).collect();
                let name = attributes.iter().find(|attribute| attribute.key.as_ref() == b"name");
                let value = name.map(|name| {
                    let raw = String::from_utf8(name.value.to_vec()).unwrap();
                    quick_xml::escape::unescape(&raw).unwrap().into_owned()
                });
                let element = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
                found.push((element, value.unwrap_or_default()));
            }
            Event::Text(text) => drop(text.decode().unwrap()),
            Event::Eof => return found,
            _ => {}
        }
    }
}

#[test]
fn findings_fail_and_what_is_accepted_is_skipped() {
    let text = junit(&fixture::audit());
    assert!(text.contains("failures=\"4\" errors=\"1\" skipped=\"2\""), "{text}");
    let found = elements(&text);
    let count = |name: &str| found.iter().filter(|(element, _)| element == name).count();
    assert_eq!((count("failure"), count("skipped"), count("error"), count("system-out")), (4, 2, 1, 1));
    assert!(text.contains("<failure type=\"critical\""));
}

#[test]
fn a_rule_that_finds_nothing_passes() {
    let mut audit = fixture::audit();
    audit.ignored.clear();
    audit.findings.retain(|finding| finding.rule.id != "test-quota");
    audit.findings.first_mut().unwrap().severity = Severity::Info;
    let text = junit(&audit);
    assert!(!text.contains("test-quota"), "a rule that is in no list is not known");
    assert!(text.contains("<system-out>"));
    assert!(!junit(&fixture::empty()).contains("<failure"));
}

proptest! {
    #[test]
    fn any_name_gives_well_formed_xml(text in any::<String>()) {
        let plain = elements(&junit(&fixture::audit()));
        let printed = junit(&fixture::audit_with(&text));
        let is_xml = |c: char| matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        prop_assert!(printed.chars().all(is_xml));
        let names = |elements: Vec<(String, String)>| elements.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        prop_assert_eq!(names(elements(&printed)), names(plain));
    }
}
