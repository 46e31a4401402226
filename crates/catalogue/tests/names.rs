//! Every name of Cloudflare's permissions page, as people write it, against the table that says which group it is.

use flarekeep_catalogue::{
    Group, NameError, Scope, documented_names, group_by_id, groups, resolve, uncertain_names, unmistakable,
};
use proptest::prelude::*;

fn name_of(spelling: &str) -> String {
    resolve(spelling).map_or_else(|error| error.to_string(), |(group, _)| format!("{}:{}", group.scope, group.name))
}

/// A name split into what it is for and its level, as the dashboard's three boxes show it.
fn levelled(name: &str) -> (&str, &str) {
    let (stem, level) = name.rsplit_once(' ').unwrap();
    (stem.trim_end_matches(':'), level)
}

/// The ways in which people write a name at a scope.
fn forms(scope: Scope, name: &str) -> Vec<String> {
    let (key, word) = (scope.key(), scope.word());
    let capital = word[..1].to_uppercase() + &word[1..];
    let (stem, level) = levelled(name);
    let one = match scope {
        Scope::Bucket => format!("{key}.023e105f4ecef8ad9ca31a8372d0c353_default_my-bucket.example"),
        _ => format!("{key}.023e105f4ecef8ad9ca31a8372d0c353"),
    };
    let mut forms = vec![
        format!("{capital}:{name}"),
        format!("{capital}: {name}"),
        format!("{capital} > {name}"),
        format!("{capital} {name}"),
        format!("{capital}.{name}"),
        format!("{name} ({word})"),
        format!("{name}@{word}"),
        format!("{key} {name}"),
        format!("{key}:{name}"),
        format!("{key}.{name}"),
        format!("{key}.* {name}"),
        format!("\"{key}.*\": {name}"),
        format!("{one} {name}"),
        format!("{one}: {name}"),
        format!("{name} @ {key}"),
        format!("  {capital}   :  {name}  "),
    ];
    for separator in [":", " > ", " / ", ".", " - ", " → ", "  ", "|"] {
        forms.push(format!("{capital}{separator}{stem}{separator}{level}"));
        forms.push(format!("{capital}{separator}{stem}: {level}"));
        forms.push(format!("{key} {stem}{separator}{level}"));
    }
    if scope == Scope::Zone || scope == Scope::Account {
        forms.push(format!("All {word}s - {stem}:{level}"));
    }
    forms
}

#[test]
fn every_documented_name_resolves_in_every_form_and_case_to_the_id_of_the_table() {
    assert_eq!(documented_names().len(), 184);
    let cases: [fn(&str) -> String; 3] = [str::to_owned, str::to_lowercase, str::to_uppercase];
    // Each form of a name in one case, and in the next one for the next name.
    let mut cases = cases.iter().cycle();
    for name in documented_names() {
        let group = group_by_id(name.id).unwrap();
        for spelling in [name.dashboard, name.api] {
            cases.next();
            for (form, case) in forms(group.scope, spelling).iter().zip(&mut cases) {
                let cased = case(form);
                assert_eq!(resolve(&cased).map(|(group, _)| group.id), Ok(Some(name.id)), "{cased}");
            }
        }
    }
}

/// Whether `name` is `of`, read by a rule that shares nothing with the code: letters and digits alone, `edit` as `write`.
fn same(name: &str, of: &str) -> bool {
    let plain = |text: &str| {
        let text: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
        format!(" {} ", text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "))
            .replace(" edit ", " write ")
    };
    plain(name) == plain(of)
}

#[test]
fn a_bare_name_resolves_where_one_group_has_it_and_else_asks() {
    for name in documented_names() {
        for spelling in [name.dashboard, name.api, &name.dashboard.to_uppercase(), &name.api.to_lowercase()] {
            let mut meant: Vec<&Group> = groups().iter().filter(|group| same(group.name, spelling)).collect();
            for other in documented_names().iter().filter(|other| same(other.api, spelling)) {
                let group = group_by_id(other.id).unwrap();
                if !meant.contains(&group) {
                    meant.push(group);
                }
            }
            match resolve(spelling) {
                Ok((group, _)) => assert_eq!((meant.as_slice(), group.id), ([group].as_slice(), Some(name.id))),
                Err(NameError::Ambiguous { mut groups, choices, .. }) => {
                    assert!(meant.len() > 1, "{spelling}");
                    for (group, choice) in groups.iter().zip(&choices) {
                        assert_eq!(resolve(choice).map(|(group, _)| group), Ok(*group), "{choice}");
                    }
                    groups.sort_by_key(|group| group.index);
                    meant.sort_by_key(|group| group.index);
                    assert_eq!(groups, meant, "{spelling}");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn every_group_resolves_behind_its_own_scope_and_by_what_means_it_alone() {
    for group in groups() {
        let means_it = |spelling: &str| resolve(spelling).map(|(found, _)| found) == Ok(group);
        assert!(means_it(&unmistakable(group)), "{}: {}", group.name, unmistakable(group));
        assert!(group.id.is_none_or(|id| means_it(&id.to_string()) && means_it(&id.to_string().to_uppercase())));
        // Cloudflare's page calls another group so; the table of uncertain names says which.
        let taken = |id| uncertain_names().iter().any(|name| name.may_mean == id && name.name == group.name);
        if group.id.is_some_and(taken) {
            assert_eq!(group.name, "Page Shield Write");
            assert_eq!(unmistakable(group), "87065285ab38463481e72815eefd18c3");
            continue;
        }
        let scoped = match group.scope {
            Scope::Unknown => vec![group.name.to_owned(), format!("zone:{}", group.name)],
            scope => vec![
                format!("{}:{}", scope.word(), group.name),
                format!("{} {}", scope.key(), group.name),
                format!("{} ({scope})", group.name),
            ],
        };
        for spelling in scoped {
            assert!(means_it(&spelling), "{spelling}: {}", name_of(&spelling));
        }
    }
}

#[test]
fn uncertain_names_are_taken_as_the_table_says_and_the_doubt_is_told() {
    let (group, remark) = resolve("Zone:Page Shield:Edit").unwrap();
    assert_eq!(group.name, "Domain Page Shield");
    assert!(remark.unwrap().contains("87065285ab38463481e72815eefd18c3"));
    for spelling in ["Zaraz Write", "Zaraz Edit", "zone > zaraz > edit", "com.cloudflare.api.account.zone Zaraz Write"]
    {
        let (group, remark) = resolve(spelling).unwrap();
        assert_eq!(group.name, "Zaraz Edit");
        assert!(remark.unwrap().contains("Zaraz Admin"), "{spelling}");
    }
    for uncertain in uncertain_names() {
        let documented = documented_names().iter().filter(|name| name.api == uncertain.name && name.id == uncertain.id);
        assert_eq!(documented.count(), 1, "{}", uncertain.name);
        assert!(group_by_id(uncertain.may_mean).is_some() && !uncertain.source.is_empty());
        assert!(uncertain.note.contains(&uncertain.may_mean.to_string()));
    }
    assert_eq!(resolve("DNS Write").unwrap().1, None);
}

#[test]
fn every_spelling_of_the_permission_guides_resolves() {
    let spellings = [
        ("Account:Read", "account:Account Settings Read"),
        ("Account Settings Read", "account:Account Settings Read"),
        ("Account:Settings:Read", "account:Account Settings Read"),
        ("Account:Cloudflare R2:Edit", "account:Workers R2 Storage Write"),
        ("Account > Cloudflare R2 > Edit", "account:Workers R2 Storage Write"),
        ("Workers R2 Storage Write", "account:Workers R2 Storage Write"),
        ("Account:Cloudflare Workers:Edit", "account:Workers Scripts Write"),
        ("Account.Workers Scripts:Edit", "account:Workers Scripts Write"),
        ("Workers Scripts Read", "account:Workers Scripts Read"),
        ("Zone:Cloudflare Workers Routes:Edit", "zone:Workers Routes Write"),
        ("Account:Workers Routes:Edit", "zone:Workers Routes Write"),
        ("Zone:Read", "zone:Zone Read"),
        ("Zone:Zone:Read", "zone:Zone Read"),
        ("Zone Zone Edit", "zone:Zone Write"),
        ("Zone DNS Edit", "zone:DNS Write"),
        ("Zone:Custom Hostnames:Edit", "zone:SSL and Certificates Write"),
        ("com.cloudflare.api.account.zone Custom Hostnames Edit", "zone:SSL and Certificates Write"),
        ("User:API Tokens:Edit", "user:API Tokens Write"),
        ("User Memberships Read", "user:Memberships Read"),
        ("Account:Access: Apps and Policies Edit", "account:Access: Apps and Policies Write"),
        ("com.cloudflare.api.account.zone DNS Write", "zone:DNS Write"),
        ("com.cloudflare.api.account.zone:DNS Write", "zone:DNS Write"),
        ("com.cloudflare.api.account.zone Settings Write", "zone:Zone Settings Write"),
        ("Read DNS", "zone:DNS Read"),
        ("Zone: edit DNS", "zone:DNS Write"),
        ("Purge Cache", "zone:Cache Purge"),
        ("Object Read & Write", "bucket:Workers R2 Storage Bucket Item Write"),
        ("Object Read only", "bucket:Workers R2 Storage Bucket Item Read"),
        ("Teams Write", "account:Zero Trust Write"),
        ("`DNS Write`", "zone:DNS Write"),
    ];
    for (spelling, name) in spellings {
        assert_eq!(name_of(spelling), name, "{spelling}");
    }
}

#[test]
fn a_scope_that_contradicts_the_name_is_no_match() {
    for spelling in
        ["Account:DNS:Edit", "com.cloudflare.api.account DNS Write", "User:Logs Read", "DNS Write (account)"]
    {
        assert!(matches!(resolve(spelling), Err(NameError::Unknown { .. })), "{spelling}: {}", name_of(spelling));
    }
    // Another word than the key.
    assert!(resolve("com.cloudflare.api.accounts.zone DNS Write").is_err());
}

#[test]
fn a_name_at_two_scopes_asks_which() {
    for spelling in ["Logs Read", "logs:read", "Transform Rules Write", "Page Shield Edit", "API Gateway Read"] {
        assert!(matches!(resolve(spelling), Err(NameError::Ambiguous { .. })), "{spelling}");
    }
    let asked = resolve("Logs Read").unwrap_err().to_string();
    assert_eq!(
        asked,
        "`Logs Read` means more than one permission group: write `account:Logs Read` or `zone:Logs Read`"
    );
}

#[test]
fn an_unknown_name_offers_the_nearest() {
    let Err(NameError::Unknown { nearest, .. }) = resolve("Workers Scrpts Write") else { panic!("resolved") };
    assert_eq!(nearest.first().map(String::as_str), Some("Workers Scripts Write"));
    for spelling in ["", " ", ":", "zone", "read", "Zone:", "com.cloudflare.api.account.zone", "\u{1b}[2J", "İ"] {
        assert!(matches!(resolve(spelling), Err(NameError::Unknown { .. })), "{spelling:?}");
    }
    let long = "x".repeat(100_000);
    assert!(resolve(&long).unwrap_err().to_string().len() < 300);
}

/// A documented name in some form, with a few characters changed, put in or taken out.
fn edited() -> impl Strategy<Value = String> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<Option<char>>(), any::<bool>()), 0..6);
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), edits).prop_map(|(name, form, edits)| {
        let name = name.get(documented_names());
        let forms = forms(group_by_id(name.id).unwrap().scope, name.api);
        let mut text: Vec<char> = form.get(&forms).chars().collect();
        for (at, new, instead) in edits {
            let at = at.index(text.len() + 1);
            if instead && at < text.len() {
                text.remove(at);
            }
            text.splice(at.min(text.len())..at.min(text.len()), new);
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_answer_with_control_characters(text in edited(), any in any::<String>()) {
        let _ = resolve(&any);
        if let Err(error) = resolve(&text) {
            prop_assert!(error.to_string().chars().all(|c| !c.is_control()));
        }
    }
}
