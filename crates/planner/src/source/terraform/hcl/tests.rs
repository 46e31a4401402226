//! The reader of configurations: what a place can come to, what is said where it is not known, and another parser.

use proptest::prelude::*;

use super::*;
use crate::source::StatedNeed;

const ID: &str = "023e105f4ecef8ad9ca31a8372d0c353";
const RECORD: &str = "POST /zones/{zone_id}/dns_records";

fn read(files: &[(&str, &str)]) -> Reading {
    let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    super::read(&files, None).unwrap()
}

/// The zones of a record whose `zone_id` is this, in a file with these definitions.
fn zones_of(expression: &str, definitions: &str) -> Vec<Option<ZoneName>> {
    let text = format!("{definitions}\nresource \"cloudflare_dns_record\" \"www\" {{\n  zone_id = {expression}\n}}\n");
    let reading = read(&[("main.tf", &text)]);
    let of = |need: &&StatedNeed| need.operation.to_string() == RECORD;
    reading.needs.iter().filter(of).map(|need| need.place.zone.clone()).collect()
}

fn id(text: &str) -> Option<ZoneName> {
    Some(ZoneName::Id(text.parse().unwrap()))
}

fn unread(reading: &Reading) -> Vec<String> {
    reading.unread.iter().map(|unread| format!("{}: {}", unread.origin, unread.what)).collect()
}

#[test]
fn a_place_is_followed_to_what_it_can_come_to() {
    let other = "9a7806061c88ada191ed06f989cc3dac";
    let quoted = format!("\"{ID}\"");
    let variable = format!("variable \"zone\" {{\n  type = string\n  default = \"{ID}\" # the shop\n}}");
    let zones = format!(
        "locals {{\n  zones = {{\n    shop = {{ id = \"{ID}\" }}, \"blog\" : {{ id = \"{other}\" }}\n  }}\n  shop = local.zones[\"shop\"].id\n}}"
    );
    let data = "data \"cloudflare_zone\" \"main\" {\n  filter = { name = \"Example.com\" }\n}";
    let named = Some(ZoneName::Name("example.com".into()));
    let cases = [
        (quoted.as_str(), "", vec![id(ID)]),
        ("var.zone", &variable, vec![id(ID)]),
        ("\"${var.zone}\"", &variable, vec![id(ID)]),
        ("local.shop", &zones, vec![id(ID)]),
        ("local.zones.blog.id", &zones, vec![id(other)]),
        // Which of them only a plan knows.
        ("local.zones[terraform.workspace].id", &zones, vec![id(ID), id(other)]),
        ("lookup(local.zones, \"shop\").id", &zones, vec![id(ID), id(other)]),
        ("data.cloudflare_zone.main.zone_id", data, vec![named.clone()]),
        ("one(data.cloudflare_zone.main[*].id)", data, vec![named.clone()]),
        (
            "data.cloudflare_zone.main.id",
            "data \"cloudflare_zone\" \"main\" {\n  filter {\n    name = \"example.com\"\n  }\n}",
            vec![named.clone()],
        ),
        ("data.cloudflare_zone.main.id", "data \"cloudflare_zone\" \"main\" { name = \"example.com\" }", vec![named]),
        (
            "cloudflare_zone.main.id",
            "resource \"cloudflare_zone\" \"main\" {\n  name = \"example.com\"\n}",
            vec![Some(ZoneName::Every)],
        ),
        ("var.zone", "variable \"zone\" {}", vec![None]),
        ("module.zones.id", "", vec![None]),
        ("local.a", "locals {\n  a = local.b\n  b = local.a\n}", vec![None]),
    ];
    for (expression, definitions, expected) in cases {
        assert_eq!(zones_of(expression, definitions), expected, "{expression}");
    }
}

#[test]
fn for_each_gives_its_values_and_its_keys() {
    let text = format!(
        "resource \"cloudflare_dns_record\" \"www\" {{\n  for_each = {{ a = {{ zone = \"{ID}\" }} }}\n  zone_id = each.value.zone\n}}\n\
         data \"cloudflare_zone\" \"all\" {{\n  for_each = toset([\"example.com\", \"example.org\"])\n  name = each.key\n}}\n"
    );
    let reading = read(&[("main.tf", &text)]);
    let places: Vec<_> = reading.needs.iter().filter_map(|need| need.place.zone.clone()).collect();
    assert!(places.contains(&id(ID).unwrap()));
    assert!(
        places.contains(&ZoneName::Name("example.com".into()))
            && places.contains(&ZoneName::Name("example.org".into()))
    );
}

#[test]
fn values_of_files_go_before_defaults() {
    let main =
        "variable \"zone\" { default = \"x\" }\nresource \"cloudflare_dns_record\" \"www\" { zone_id = var.zone }";
    let values = format!("zone = \"{ID}\"\n");
    let reading = read(&[("a/main.tf", main), ("a/terraform.tfvars", &values)]);
    assert_eq!(reading.needs[0].place.zone, id(ID));
    assert_eq!(reading.needs[0].origin.to_string(), "a/main.tf:2: cloudflare_dns_record.www");
    let reading = read(&[("main.tf", main), ("prod.tfvars", &values), ("more.tf.json", "{}")]);
    assert_eq!(reading.needs[0].place.zone, None);
    assert!(unread(&reading).iter().any(|line| line.starts_with("prod.tfvars: ")));
    assert!(unread(&reading).iter().any(|line| line.starts_with("more.tf.json: ")));
}

#[test]
fn a_module_has_what_its_call_gives_and_not_its_default() {
    let call = |value: &str| {
        let text = format!(
            "variable \"zone\" {{ default = \"{ID}\" }}\nmodule \"dns\" {{\n  source = \"./dns\"\n  zone_id = {value}\n}}\n"
        );
        let reading = read(&[("main.tf", &text)]);
        let FollowKind::TerraformModule { arguments } = &reading.follow[0].kind else { panic!("{:?}", reading.follow) };
        arguments.clone()
    };
    let known = vec![("zone_id".to_owned(), Some(ID.to_owned()))];
    let unknown = vec![("zone_id".to_owned(), None)];
    assert_eq!((call(&format!("\"{ID}\"")), call("var.zone")), (known.clone(), known.clone()));
    for other in ["var.other", "lower(var.zone)", "data.cloudflare_zone.main.id", "x ? var.zone : null"] {
        assert_eq!(call(other), unknown, "{other}");
    }
    let other = "0".repeat(32);
    let main = format!(
        "variable \"zone_id\" {{ default = \"{other}\" }}\nresource \"cloudflare_dns_record\" \"www\" {{ zone_id = var.zone_id }}"
    );
    let files = [("main.tf".to_owned(), main), ("terraform.tfvars".to_owned(), format!("zone_id = \"{other}\"\n"))];
    let zone = |arguments: &[_]| super::read(&files, Some(arguments)).unwrap().needs[0].place.zone.clone();
    assert_eq!((zone(&known), zone(&unknown), zone(&[])), (id(ID), None, id(&other)));
}

#[test]
fn what_is_not_known_is_said_with_its_line() {
    let text = "\nvariable \"zone\" {}\nresource \"cloudflare_dns_record\" \"www\" {\n  zone_id = var.zone\n}\nmodule \"far\" {\n  source = \"acme/dns/cloudflare\"\n}\nmodule \"near\" {\n  source = \"./near\"\n}\nresource \"aws_instance\" \"x\" {\n  password = \"s3cret\"\n}\n";
    let reading = read(&[("main.tf", text)]);
    assert_eq!(
        unread(&reading),
        [
            "main.tf:3: cloudflare_dns_record.www: its zone is `var.zone`, of which no value is known: it is taken for the one that is given",
            "main.tf:6: the module `far` is not in this folder",
            "main.tf:3: cloudflare_dns_record.www: a configuration does not say what the next apply does: each resource counts with its whole life",
        ]
    );
    let [follow] = reading.follow.as_slice() else { panic!("{:?}", reading.follow) };
    let kind = FollowKind::TerraformModule { arguments: Vec::new() };
    assert_eq!((follow.path.as_str(), &follow.kind), ("./near", &kind));
    assert_eq!(reading.needs.len(), 4);
}

#[test]
fn without_the_resource_its_need_is_gone() {
    let record = "resource \"cloudflare_dns_record\" \"www\" {}\n";
    let route = "resource \"cloudflare_workers_route\" \"shop\" {}\n";
    let has =
        |text: &str| read(&[("main.tf", text)]).needs.iter().any(|need| need.operation.path().contains("workers"));
    assert!(has(&format!("{record}{route}")) && !has(record));
    assert!(!has(&format!("{record}/* {route} */")) && !has(&format!("{record}# {route}")));
    assert!(!has(&format!("{record}locals {{\n  x = <<-EOT\n  {route}  EOT\n}}\n")));
}

#[test]
fn faults_have_their_line_and_column() {
    let error = |text: &str| super::read(&[("main.tf".to_owned(), text.to_owned())], None).unwrap_err().to_string();
    let cases = [
        ("a = 1\nb {\n  c = [1,\n", "`main.tf` cannot be read, line 3, column 7: a bracket is not closed"),
        ("a {\n  b = \"x\n}", "`main.tf` cannot be read, line 2, column 7: a text does not end on its line"),
        ("a {\n", "`main.tf` cannot be read, line 1, column 1: a block has no end"),
        ("a b\n", "`main.tf` cannot be read, line 1, column 4: `=` or `{` is expected"),
        ("a = (]\n", "`main.tf` cannot be read, line 1, column 6: a bracket is closed that is not open"),
        ("}", "`main.tf` cannot be read, line 1, column 1: a name is expected, of an attribute or a block"),
        ("a = <<EOT\nx", "`main.tf` cannot be read, line 1, column 5: a text of several lines has no end"),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected, "{text}");
    }
    for open in ["a {\n", "a = [", "a = \"${\"", "a = ("] {
        let deep =
            if open.ends_with('\n') { open.repeat(100_000) } else { format!("a = {}", open[4..].repeat(100_000)) };
        assert!(!error(&deep).is_empty());
    }
}

#[test]
fn what_refers_to_itself_many_times_ends() {
    let mut text = String::from("locals {\n");
    for level in 0..60 {
        text.push_str(&format!("  l{level} = [local.l{0}, local.l{0}, local.l{0}]\n", level + 1));
    }
    text.push_str("}\n");
    assert_eq!(zones_of("local.l0", &text), [None]);
}

/// Values as HCL has them.
fn value() -> impl Strategy<Value = hcl::Expression> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(hcl::Expression::from),
        any::<i32>().prop_map(hcl::Expression::from),
        "[ -~é\n]{0,12}".prop_map(hcl::Expression::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(hcl::Expression::Array),
            prop::collection::vec(("[a-z]{1,5}", inner), 0..3).prop_map(|entries| {
                hcl::Expression::Object(
                    entries
                        .into_iter()
                        .map(|(key, value)| (hcl::ObjectKey::Expression(hcl::Expression::from(key)), value))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    /// Another implementation writes; the blocks and attributes that it wrote are read.
    #[test]
    fn what_another_writer_writes_is_read(
        blocks in prop::collection::vec(("[a-z]{1,6}", "[ -~]{0,8}", prop::collection::vec(("[a-z_]{1,6}", value()), 0..4)), 0..4),
    ) {
        let mut body = hcl::Body::builder();
        for (kind, label, attributes) in &blocks {
            let mut block = hcl::Block::builder(kind.as_str()).add_label(label.as_str());
            for (name, value) in attributes {
                block = block.add_attribute((name.as_str(), value.clone()));
            }
            body = body.add_block(block.build());
        }
        let text = hcl::to_string(&body.build()).unwrap();
        let read = parse("main.tf", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let found: Vec<_> = read.blocks.iter().map(|block| (block.kind, block.attributes.iter().map(|(name, _)| *name).collect::<Vec<_>>())).collect();
        let expected: Vec<_> = blocks.iter().map(|(kind, _, attributes)| (kind.as_str(), attributes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>())).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_text_is_read_or_refused_with_its_line(text in "([a-z]{1,3}|[ \\n={}\\[\\]()\"$%<#/*.,\\\\-]|é|EOT|resource \"cloudflare_zone\" \"a\"){0,40}") {
        if let Err(error) = super::read(&[("main.tf".to_owned(), text)], None) {
            prop_assert!(error.line.is_some() && error.column.is_some());
        }
    }
}
