//! Plan files: their form, and what a check of one finds.

use boon::{Compiler, SchemaIndex, Schemas};
use flarekeep_catalogue::{AccountId, Operation, UserId, ZoneId, operation, operations, recipe, recipe_names};
use flarekeep_planner::{
    FileReport, Need, Options, Plan, PlanDocument, PlanFileProblem, Target, needs_of_recipe, plan, plan_document,
    verify_file,
};
use flarekeep_policy::Owner;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

const ACCOUNT: AccountId = AccountId::from_u128(0xa1);
const ZONES: [ZoneId; 2] = [ZoneId::from_u128(0x21), ZoneId::from_u128(0x22)];
const USER: Owner = Owner::User(UserId::from_u128(0x41));
const SCHEMA: &str = include_str!("../../../docs/plan.schema.json");

fn need(operation: &'static Operation, zone: ZoneId) -> Need {
    let bucket = operation.is_s3().then(|| format!("{ACCOUNT}_eu_site").parse().unwrap());
    let resource = Target { account: Some(ACCOUNT), zone: Some(zone), every_zone: false, bucket };
    Need { operation, resource, why: "test".to_owned(), origin: "test".to_owned() }
}

fn text(plan: &Plan) -> String {
    serde_json::to_string(&plan_document(plan)).unwrap()
}

/// Plans of every kind: of recipes, for users and accounts; with inferred, free, unproven and impossible needs; with a
/// proof that branches.
fn plans() -> Vec<Plan> {
    let target = Target {
        account: Some(ACCOUNT),
        zone: Some(ZONES[0]),
        every_zone: false,
        bucket: Some(format!("{ACCOUNT}_default_media").parse().unwrap()),
    };
    let mut plans = Vec::new();
    for owner in [USER, Owner::Account(ACCOUNT)] {
        for name in ["saas-platform", "cert-manager-dns01", "rclone-r2"] {
            let needs = needs_of_recipe(&recipe(name).unwrap(), &target, owner).unwrap();
            plans.push(plan(&needs, &Options::new(owner)));
        }
        let mixed = [
            "GET /user/tokens/verify",
            "POST /accounts",
            "POST /user/tokens",
            "GET /zones",
            "PUT /accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}",
            "POST /accounts/{account_id}/dls/regional_services/prefix_bindings",
            "POST /zones/{zone_id}/token_validation/rules",
        ];
        let needs: Vec<Need> = mixed.iter().map(|text| need(operation(text).unwrap(), ZONES[1])).collect();
        plans.push(plan(&needs, &Options::new(owner)));
    }
    plans
}

struct Schema(Schemas, SchemaIndex);

impl Schema {
    fn read() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let place = "https://example.com/plan.schema.json";
        compiler.add_resource(place, serde_json::from_str(SCHEMA).unwrap()).unwrap();
        let index = compiler.compile(place, &mut schemas).unwrap();
        Self(schemas, index)
    }

    #[track_caller]
    fn accepts(&self, document: &Value) {
        if let Err(error) = self.0.validate(document, self.1) {
            panic!("{error:#}\n{document:#}");
        }
    }
}

#[test]
fn every_plan_is_of_the_schema_and_holds() {
    let schema = Schema::read();
    let mut plans = plans();
    let everything: Vec<Need> = operations().iter().map(|operation| need(operation, ZONES[0])).collect();
    plans.push(plan(&everything, &Options::new(USER)));
    for plan in plans {
        let text = text(&plan);
        schema.accepts(&serde_json::from_str(&text).unwrap());
        let file = PlanDocument::parse(&text).unwrap();
        assert_eq!(file.plan, plan);
        assert_eq!(verify_file(&file), FileReport::default());
    }
    // It must be able to refuse.
    let mut wrong = serde_json::from_str::<Value>(&text(&self::plans()[0])).unwrap();
    wrong["grants"][0]["needs"] = json!("all");
    assert!(schema.0.validate(&wrong, schema.1).is_err());
}

#[test]
fn every_recipe_has_a_plan_file_that_holds() {
    let target = Target {
        account: Some(ACCOUNT),
        zone: Some(ZONES[0]),
        every_zone: false,
        bucket: Some(format!("{ACCOUNT}_default_media").parse().unwrap()),
    };
    let schema = Schema::read();
    for name in recipe_names() {
        let needs = needs_of_recipe(&recipe(name).unwrap(), &target, USER).unwrap();
        let text = text(&plan(&needs, &Options::new(USER)));
        schema.accepts(&serde_json::from_str(&text).unwrap());
        assert_eq!(verify_file(&PlanDocument::parse(&text).unwrap()), FileReport::default(), "{name}");
    }
}

#[test]
fn what_is_not_known_is_passed_over() {
    let mut document: Value = serde_json::from_str(&text(&plans()[0])).unwrap();
    document["remark"] = json!({ "by": "somebody" });
    document["needs"][0]["ticket"] = json!(7);
    document["certificate"]["facts"]["state"] = json!("today");
    let file = PlanDocument::parse(&document.to_string()).unwrap();
    assert_eq!(verify_file(&file), FileReport::default());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let error = |text: &str| {
        let error = PlanDocument::parse(text).unwrap_err();
        assert!(error.line >= 1 && error.column >= 1);
        error.to_string()
    };
    assert_eq!(error(""), "line 1, column 1: EOF while parsing a value");
    assert_eq!(error("{\n  \"format\": 1,\n  \"needs\": }"), "line 3, column 12: expected value");
    assert_eq!(error("{\"format\": 2}"), "line 1, column 12: a plan of format 2, and this version reads format 1");
    assert!(error("{\"policies\": [], \"as_documented\": true}").contains("no certificate"));
    assert!(error("{\"format\": 1}").contains("missing field"));
    let pretty = |change: fn(&mut Value)| {
        let mut document: Value = serde_json::from_str(&text(&plans()[0])).unwrap();
        change(&mut document);
        let text = serde_json::to_string_pretty(&document).unwrap();
        (PlanDocument::parse(&text).unwrap_err(), text)
    };
    for (change, what) in [
        ((|document| document["needs"][2]["operation"] = json!("GET /no\u{1b}where")) as fn(&mut Value), "GET /no"),
        (|document| document["needs"][3]["account"] = json!("shop"), "shop"),
        (|document| document["grants"][1]["group"] = json!("DNS Everything"), "DNS Everything"),
        (
            |document| document["grants"][1]["resource"] = json!("com.cloudflare.api.user.*"),
            "com.cloudflare.api.user.*",
        ),
        (|document| document["owner"] = json!({ "user": "ada" }), "ada"),
    ] {
        let (error, text) = pretty(change);
        let line = text.lines().nth(error.line - 1).unwrap();
        let here = &text.lines().skip(error.line - 1).collect::<Vec<_>>().join("\n")[error.column - 1..];
        assert!(here.contains(what) && !error.to_string().contains('\u{1b}'), "{error}: {line}");
    }
    let deep = |text: &str| format!("{}{}", text.repeat(100_000), "]".repeat(100_000));
    error(&deep("["));
    error(&format!("{{\"format\": 1, \"certificate\": {}}}", deep("[")));
}

#[test]
fn a_plan_by_another_catalogue_is_told_apart() {
    let mut document: Value = serde_json::from_str(&text(&plans()[0])).unwrap();
    let facts = &mut document["certificate"]["facts"];
    facts["operations"][0]["provenance"] = json!("rumour");
    let report = verify_file(&PlanDocument::parse(&document.to_string()).unwrap());
    assert_eq!((report.faults.len(), report.changes.len()), (0, 1), "{report:?}");
    assert!(report.changes[0].to_string().contains("was `rumour` when the plan was made"));
    document["needs"][0]["operation"] = json!("GET /accounts/{account_id}/tomorrow");
    let error = PlanDocument::parse(&document.to_string()).unwrap_err();
    assert!(error.problem.is_of_the_catalogue() && matches!(error.problem, PlanFileProblem::Operation(_)));
}

#[test]
fn a_condition_that_lets_nobody_in_is_found() {
    let mut document: Value = serde_json::from_str(&text(&plans()[0])).unwrap();
    for (within, clean) in [(json!(["203.0.113.0/24"]), true), (json!([]), false), (json!(["home"]), false)] {
        document["condition"] = json!({ "request_ip": { "in": within } });
        let report = verify_file(&PlanDocument::parse(&document.to_string()).unwrap());
        assert_eq!(report.faults.is_empty(), clean, "{report:?}");
    }
}

/// A plan's text with a part of it replaced, in which JSON values could not hold what it is to say.
fn with(document: &Value, part: &str, by: &str) -> String {
    let text = document.to_string();
    assert!(text.contains(part), "{part}: {text}");
    text.replacen(part, by, 1)
}

#[test]
fn what_a_condition_says_and_a_plan_cannot_is_refused() {
    let mut document: Value = serde_json::from_str(&text(&plans()[0])).unwrap();
    for condition in [
        json!({ "request_ip": { "in": ["203.0.113.0/24"], "not_in": ["203.0.113.7/32"] } }),
        json!({ "request.ip": { "in": ["203.0.113.0/24"] } }),
        json!({ "request_ip": null, "requestIp": { "in": ["203.0.113.0/24"] } }),
    ] {
        document["condition"] = condition;
        let error = PlanDocument::parse(&document.to_string()).unwrap_err();
        assert!(error.to_string().contains("unknown field"), "{error}");
    }
}

#[test]
fn limits_that_are_none_are_found() {
    let sound: Value = serde_json::from_str(&text(&plans()[0])).unwrap();
    let holds = |changes: &[(&str, Value)]| {
        let mut document = sound.clone();
        changes.iter().for_each(|(field, value)| document[field] = value.clone());
        verify_file(&PlanDocument::parse(&document.to_string()).unwrap()).faults.is_empty()
    };
    let (early, late) = (json!("2027-01-31T00:00:00Z"), json!("2027-02-28T00:00:00Z"));
    assert!(holds(&[("not_before", early.clone()), ("expires_on", late.clone()), ("name", json!("shop-dns"))]));
    assert!(!holds(&[("not_before", late.clone()), ("expires_on", early.clone())]));
    assert!(!holds(&[("not_before", late.clone()), ("expires_on", late.clone())]));
    for time in ["never", "", "2027-02-30T00:00:00Z"] {
        assert!(!holds(&[("expires_on", json!(time))]) && !holds(&[("not_before", json!(time))]), "{time}");
    }
    for name in ["", "shop\u{1b}[31m", "shop\u{202e}", &"x".repeat(121)] {
        assert!(!holds(&[("name", json!(name))]), "{name:?}");
    }
    assert!(!holds(&[("condition", json!({ "request_ip": { "in": ["203.0.113.7/24"] } }))]));
}

/// The last of two entries would be checked, and another reader may take the first.
#[test]
fn a_resource_that_is_named_twice_is_refused() {
    let plan = plan(&[need(operation("POST /zones").unwrap(), ZONES[0])], &Options::new(USER));
    let document: Value = serde_json::from_str(&text(&plan)).unwrap();
    let account = format!("\"com.cloudflare.api.account.{ACCOUNT}\":");
    let every = "\"com.cloudflare.api.account.zone.*\":\"*\"";
    for (part, by) in [
        (format!("{{{account}"), format!("{{{account}\"*\",{account}")),
        (format!("{{{every}}}"), format!("{{{every},{every}}}")),
    ] {
        let error = PlanDocument::parse(&with(&document, &part, &by)).unwrap_err();
        assert!(error.to_string().contains("twice"), "{error}");
    }
}

/// Errors are read by people: none names a type of this program.
#[test]
fn what_is_expected_is_said_in_words() {
    let sound: Value = serde_json::from_str(&text(&plans()[3])).unwrap();
    let mut all = Vec::new();
    pointers(&sound, "", &mut all);
    // One element of a list is read as another.
    all.retain(|pointer| pointer.split('/').all(|step| step == "0" || step.parse::<usize>().is_err()));
    for pointer in all {
        for other in [json!(null), json!(-1), json!(true), json!("x"), json!([[]]), json!({ "x": {} })] {
            let mut document = sound.clone();
            *document.pointer_mut(&pointer).unwrap() = other.clone();
            let Err(error) = PlanDocument::parse(&document.to_string()) else { continue };
            let error = error.to_string();
            let words = [
                "struct",
                "enum",
                "variant",
                "u64",
                "usize",
                "u32",
                "Document",
                "Witness",
                "a sequence",
                "a map",
                "untagged",
            ];
            assert!(words.iter().all(|word| !error.contains(word)), "{pointer} as {other}: {error}");
        }
    }
}

/// The pointers of all values below one.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), all));
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                pointers(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), all);
            }
        }
        _ => {}
    }
}

/// Changes one value in one of a few ways.
fn tamper(value: &mut Value, how: usize, other: &Value) {
    match value {
        Value::Null => *value = other.clone(),
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(number) => {
            let number = number.as_u64().unwrap();
            *value = json!([number + 1, number.saturating_sub(1), 0, u64::MAX][how % 4]);
        }
        Value::String(text) => match how % 3 {
            0 => text.push('x'),
            1 => *value = other.clone(),
            _ => *text = text.chars().rev().collect(),
        },
        Value::Array(elements) => match (how % 3, elements.pop()) {
            (0, Some(_)) => {}
            (1, Some(last)) => elements.extend([last.clone(), last]),
            (_, Some(last)) => elements.insert(0, last),
            (_, None) => elements.push(other.clone()),
        },
        Value::Object(fields) => {
            if let Some(key) = fields.keys().nth(how % fields.len().max(1)).cloned() {
                fields.remove(&key);
            }
        }
    }
}

fn without_voids(value: Value) -> Value {
    match value {
        Value::Array(elements) => elements.into_iter().map(without_voids).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null() && *value != json!([]));
            fields.map(|(key, value)| (key, without_voids(value))).collect()
        }
        other => other,
    }
}

/// What nobody can derive, and what says the same in another order. A change of the question may leave the answer right,
/// and a change of the proof may leave it one.
fn is_free(pointer: &str) -> bool {
    let question = pointer.starts_with("/needs") || pointer.starts_with("/owner");
    let proof = pointer.starts_with("/certificate/witness");
    let lists = ["/free", "/unproven", "/impossible"].contains(&pointer);
    let reason = pointer.starts_with("/impossible/") && pointer.ends_with("/reason");
    question || proof || lists || reason
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    /// One change anywhere in a file is found; or the file is still right: by the solver, asked again, no plan for the
    /// needs that it states weighs less.
    #[test]
    fn one_change_is_found_or_changes_nothing_that_matters(
        plan in select(plans()), at in any::<Index>(), how in 0usize..12, other in any::<Index>(),
    ) {
        let before: Value = serde_json::from_str(&text(&plan)).unwrap();
        let mut all = Vec::new();
        pointers(&before, "", &mut all);
        let pointer = at.get::<String>(&all).clone();
        let other = before.pointer(other.get::<String>(&all)).cloned().unwrap();
        let mut after = before.clone();
        tamper(after.pointer_mut(&pointer).unwrap(), how, &other);
        // A field that is null, a list that is empty, and one that is not there say the same.
        prop_assume!(without_voids(after.clone()) != without_voids(before.clone()));
        let Ok(file) = PlanDocument::parse(&after.to_string()) else { return Ok(()) };
        if verify_file(&file) != FileReport::default() {
            return Ok(());
        }
        prop_assert!(is_free(&pointer), "{} was changed from {} to {}", pointer, before.pointer(&pointer).unwrap(), after.pointer(&pointer).unwrap());
        let again = flarekeep_planner::plan(&file.plan.needs, &Options::new(file.plan.owner));
        prop_assert_eq!(again.weight, file.plan.weight);
    }

    /// Anything is an answer or an error with a place, and never a panic.
    #[test]
    fn a_broken_text_is_an_error_with_its_place(plan in select(plans()), at in any::<Index>(), bytes in prop::collection::vec(any::<u8>(), 0..6), cut in any::<bool>()) {
        let mut text = text(&plan).into_bytes();
        let at = at.index(text.len());
        let end = if cut { text.len() } else { (at + bytes.len()).min(text.len()) };
        text.splice(at..end, bytes);
        let text = String::from_utf8_lossy(&text);
        match PlanDocument::parse(&text) {
            Ok(file) => drop(verify_file(&file)),
            Err(error) => prop_assert!(error.line >= 1 && error.column >= 1),
        }
    }
}

/// `FLAREKEEP_CASES` sets the number of generated cases (docs/assurance.md).
fn cases() -> u32 {
    std::env::var("FLAREKEEP_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}
