use proptest::prelude::*;

use super::*;

fn good(text: &str) -> Redirects {
    let (rules, faults) = redirects(text);
    assert_eq!(faults, [], "{text}");
    rules
}

fn faulty(text: &str) -> Vec<(usize, bool)> {
    redirects(text).1.into_iter().map(|fault| (fault.line, fault.fatal)).collect()
}

#[test]
fn forms() {
    let rules = good(
        "\u{feff}# moved\n/a /b\n/c\t/d 301 # why\n/e https://x.test/f?g=h#i 308\n\n/blog/* /posts/:splat 301!\n\
         /late /on 307\n/item id=:id /items/:id 301\n/gone /404.html 404\n/bücher /b%C3%BCcher/ 303\n",
    );
    let fixed: Vec<_> = rules.fixed.iter().map(|(from, (to, status))| (&**from, &**to, *status)).collect();
    assert_eq!(fixed, [("/a", "/b", 302), ("/c", "/d", 301), ("/e", "https://x.test/f?g=h#i", 308)]);
    let dynamic: Vec<_> = rules.dynamic.iter().map(|rule| (&*rule.from, &*rule.to, rule.status)).collect();
    assert_eq!(
        dynamic,
        [
            ("/blog/*", "/posts/:splat", 301),
            ("/late", "/on", 307),
            ("/item", "/items/:id", 301),
            ("/gone", "/404.html", 404),
            ("/b%C3%BCcher", "/b%C3%BCcher/", 303),
        ]
    );
    assert_eq!(rules.dynamic[2].query, BTreeMap::from([("id".to_owned(), ":id".to_owned())]));
}

#[test]
fn the_first_page_for_all_is_no_loop() {
    let rules = good("/a /b\n/* /index.html 200\n");
    assert!(rules.single_page && rules.dynamic.is_empty());
}

#[test]
fn lines_that_are_passed_over() {
    for line in [
        "/a",
        "a /b",
        "https://x.test/a /b",
        "/a //x.test",
        "/a ftp://x.test/",
        "/a /b 418",
        "/a /b 200 c",
        "/a https://x.test/ 200",
        "/a /b 302 Country=at",
        "/a Language=de /b",
        "/*/* /b",
        "/:x/:x /b",
        &format!("/a /{}", "b".repeat(2_000)),
        "/a /b\u{7}",
    ] {
        let (rules, faults) = redirects(&format!("{line}\n/c /d"));
        assert_eq!(faults.iter().map(|fault| (fault.line, fault.fatal)).collect::<Vec<_>>(), [(1, false)], "{line}");
        assert_eq!((rules.fixed.len(), rules.dynamic.len()), (1, 0), "{line}");
    }
    assert_eq!(faulty("/a /b\n/a /c"), [(2, false)]);
    assert_eq!(faulty("/a/* /b/:slat"), [(1, false)]);
}

#[test]
fn loops_are_fatal() {
    for text in ["/a /a", "/* /index.html", "/* /b", "/a/* /a/b/:splat", "/a/index.html /a/index.html"] {
        assert_eq!(faulty(text).last(), Some(&(1, true)), "{text}");
    }
    assert_eq!(faulty("/a /b\n/b /c\n/c /a\n"), [(1, true), (2, true), (3, true)]);
    assert_eq!(faulty("/a /b\n/b /a 200\n"), []);
    assert_eq!(faulty("/a https://x.test/a"), []);
    assert_eq!(faulty("/old/* /new/:splat\n/new/x /y"), []);
}

#[test]
fn too_many_are_fatal() {
    let many = |count: usize, pattern: &str| {
        (0..count).map(|number| format!("/f{number}{pattern} /t{number}\n")).collect::<String>()
    };
    assert_eq!(faulty(&many(2_000, "")), []);
    assert_eq!(faulty(&many(3_000, "")), [(2_001, true)]);
    assert_eq!(faulty(&many(100, "/*")), []);
    assert_eq!(faulty(&many(101, "/*")), [(101, true)]);
}

#[test]
fn who_says_to_which_site_a_rule_leads() {
    for (to, warned) in [
        ("https://:splat", true),
        ("https://acme.test:splat", true),
        ("https://:splat/x", true),
        ("https://acme.:splat?x", true),
        ("https://:splat.acme.test/", false),
        ("https://acme.test:8080/:splat", false),
        ("https://acme.test/:splat", false),
        ("/:splat", false),
    ] {
        let found = redirects(&format!("/go/* {to} 301\n")).1;
        assert_eq!(found.iter().map(|fault| fault.fatal).collect::<Vec<_>>(), vec![false; usize::from(warned)], "{to}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in "([/:*a-c# =!?\n\t é\\.]{0,12}( 200| 301| 404)?\n){0,12}") {
        let (rules, faults) = redirects(&text);
        let lines = text.lines().count();
        prop_assert!(faults.iter().all(|fault| (1..=lines).contains(&fault.line)));
        prop_assert!(rules.fixed.len() + rules.dynamic.len() <= lines);
        for rule in &rules.dynamic {
            prop_assert!(rule.from.starts_with('/') && rule.from.is_ascii());
        }
    }

    #[test]
    fn what_is_written_is_read(rules in prop::collection::btree_map("/[a-d]{1,4}", ("/[x-z]{1,4}", prop::sample::select(vec![301_u16, 302, 308])), 0..8)) {
        let text: String = rules.iter().map(|(from, (to, status))| format!("{from} {to} {status}\n")).collect();
        prop_assert_eq!(good(&text).fixed, rules);
    }
}
