//! Whatever names a call is recognised, and no credential of it comes back.

use flarekeep_catalogue::{
    Operation, RecogniseError, Remark, Subject, operations, recognise, sdk_methods, terraform_types,
};
use proptest::prelude::*;

const ZONE: &str = "9a7806061c88ada191ed06f989cc3dac";
const RECORD: &str = "023e105f4ecef8ad9ca31a8372d0c353";
const PUT: &str = "PUT /zones/{zone_id}/dns_records/{dns_record_id}";
const POST: &str = "POST /zones/{zone_id}/dns_records";
const LIST: &str = "GET /zones/{zone_id}/dns_records";

fn named(text: &str) -> String {
    match recognise(text) {
        Ok(found) => found.operations.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Err(error) => format!("error: {error}"),
    }
}

fn url(path: &str) -> String {
    format!("https://api.cloudflare.com/client/v4/zones/{ZONE}/dns_records{path}")
}

#[test]
fn a_method_and_a_path_in_any_spelling() {
    for text in [
        "PUT /zones/{zone_id}/dns_records/{id}",
        "put /client/v4/zones/:zone/dns_records/<id>",
        " `PUT zones/$ZONE/dns_records/$ID/` ",
        &format!("PUT {}", url("/abc?x=y")),
        &format!("PUT /client/v4/zones/{ZONE}/dns_records/{RECORD} HTTP/1.1\nHost: api.cloudflare.com"),
        "PUT api.cloudflare.com/client/v4/zones/a/dns_records/b",
    ] {
        assert_eq!(named(text), PUT, "{text}");
    }
}

#[test]
fn the_ids_of_a_path_are_kept() {
    let found = recognise(&format!("PUT {}", url(&format!("/{RECORD}?x=y#z")))).unwrap();
    assert_eq!(found.zone.unwrap().to_string(), ZONE);
    let ids: Vec<_> = found.ids.iter().map(|id| (id.parameter, id.value.as_str())).collect();
    assert_eq!(ids, [("zone_id", ZONE), ("dns_record_id", RECORD)]);
    assert_eq!(found.remarks, [Remark::Query]);
    let template = recognise("PUT /zones/{zone_id}/dns_records/{id}").unwrap();
    assert!(template.ids.is_empty() && template.zone.is_none() && template.account.is_none());
}

#[test]
fn a_url_is_a_get_and_offers_the_others() {
    let found = recognise(&url("?page=2")).unwrap();
    assert!(matches!(found.subject, Subject::Url));
    assert_eq!(found.name, LIST);
    assert_eq!(found.others.iter().map(ToString::to_string).collect::<Vec<_>>(), [POST]);
    assert_eq!(found.remarks, [Remark::Query, Remark::AssumedGet]);
    // Where nobody answers GET, all methods are meant.
    assert_eq!(named(&url("/import")), format!("{POST}/import"));
    assert_eq!(named("https://127.0.0.1:8787/client/v4/user/tokens/verify"), "GET /user/tokens/verify");
}

#[test]
fn a_path_is_all_its_methods() {
    assert_eq!(named("/zones/{zone_id}/dns_records"), format!("{LIST}, {POST}"));
    assert_eq!(named("zones/x/dns_records"), format!("{LIST}, {POST}"));
    // DELETE /user/tokens/{token_id} is another path.
    assert_eq!(named("/user/tokens/verify"), "GET /user/tokens/verify");
}

#[test]
fn pages_of_the_documentation_and_operation_ids() {
    let docs = "https://developers.cloudflare.com/api";
    let page = format!("{docs}/resources/dns/subresources/records/methods/update/");
    assert_eq!(named(&page), PUT);
    assert_eq!(named(&page.replace("/api/", "/api/go/")), PUT);
    for text in ["dns-records-for-a-zone-update-dns-record", "DNS-Records-for-a-zone-update-dns-record"] {
        assert_eq!(named(text), PUT);
        assert_eq!(named(&format!("{docs}/operations/{text}")), PUT);
    }
    assert!(matches!(recognise(&format!("{docs}/tokens")), Err(RecogniseError::Elsewhere { .. })));
}

#[test]
fn operations_of_s3_by_their_names() {
    for text in ["s3:PutObject", "PutObject", "S3:putobject", "PUT s3://{bucket_name}/{object_key}"] {
        assert_eq!(named(text), "PUT s3://{bucket_name}/{object_key}", "{text}");
    }
    assert_eq!(named("s3://{bucket_name}?cors").split(", ").count(), 3);
}

#[test]
fn methods_of_the_sdk_however_they_are_called() {
    for text in [
        "dns.records.update",
        "client.dns.records.update",
        "cf.dns.records.update(id, { zone_id })",
        "await cloudflare.dns.records.update('x', {",
        "const record = await this.client.dns.records.update(",
        "DNS.Records.Update",
        "client.DNS.Records.Update(context.TODO(), \"x\")",
        "for await (const x of client.dns.records.update()) {",
    ] {
        let found = recognise(text).unwrap();
        assert!(matches!(&found.subject, Subject::SdkMethod(method) if method.name == "dns.records.update"), "{text}");
        assert_eq!(named(text), PUT, "{text}");
    }
    for method in sdk_methods() {
        assert_eq!(recognise(&format!("client.{}(x)", method.name)).unwrap().name, method.name);
    }
}

#[test]
fn terraform_types_alone_in_addresses_and_in_blocks() {
    let kinds = |text: &str| match recognise(text).unwrap().subject {
        Subject::Terraform(types) => types.iter().map(|known| known.kind.word()).collect::<Vec<_>>().join(", "),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(kinds("cloudflare_dns_record"), "data source, resource");
    assert_eq!(kinds("cloudflare_dns_record.www"), "resource");
    assert_eq!(kinds("module.site.cloudflare_dns_record.www[\"a\"]"), "resource");
    assert_eq!(kinds("data.cloudflare_zone"), "data source");
    assert_eq!(kinds("data.cloudflare_zone.main"), "data source");
    assert_eq!(kinds("resource \"cloudflare_dns_record\" \"x\" {"), "resource");
    assert_eq!(kinds("data \"cloudflare_zone\" \"x\""), "data source");
    let other = recognise("data.cloudflare_record").unwrap();
    assert_eq!(other.remarks, [Remark::OtherKind]);
    for known in terraform_types() {
        assert_eq!(recognise(known.name).unwrap().name, known.name);
    }
}

#[test]
fn curl_commands_in_every_usual_spelling() {
    let list = url("");
    let one = url("/abc");
    let cases: &[(String, &str)] = &[
        (format!("curl {list}"), LIST),
        (format!("$ curl -sS '{list}?page=1&per_page=2' -H 'Authorization: Bearer x' | jq ."), LIST),
        (format!("curl -X POST {list}"), POST),
        (format!("curl -XPOST {list}"), POST),
        (format!("curl -sXPOST \"{list}\""), POST),
        (format!("curl --request POST --url {list}"), POST),
        (format!("curl --request=post --url={list}"), POST),
        (format!("curl {list} -d '{{\"a\": \"https://b/c\"}}'"), POST),
        (format!("curl -d@record.json {list}"), POST),
        (format!("curl --data-raw '{{}}' {list}"), POST),
        (format!("curl --json '{{}}' {list}"), POST),
        (format!("curl -F file=@zone.txt {list}/import"), "POST /zones/{zone_id}/dns_records/import"),
        (format!("curl --form-string a=b {list}"), POST),
        (format!("curl -G -d page=2 {list}"), LIST),
        (format!("curl --get --data-urlencode page=2 {list}"), LIST),
        (format!("curl -I {list}"), LIST),
        (format!("curl --head {list}"), LIST),
        (format!("curl -X PUT -d x {one}"), PUT),
        (format!("curl -T record.json {one}"), PUT),
        (format!("curl --request PUT \\\n  --url {one} \\\n  --header 'X-Auth-Key: k' \\\n  --data '{{'"), PUT),
        (format!("curl ^\r\n -X PUT ^\r\n \"{one}\""), PUT),
        (format!("printf x | /usr/bin/curl -e https://example.com/ -o out/file -X PUT {one} -H @-"), PUT),
        (format!("TOKEN=$(pass cf) curl --retry 3 -u a:b/c -X PUT {one}"), PUT),
        (format!("curl --unheard-of a/b -X PUT {one}"), PUT),
        (format!("curl {list}?a=b&c=d -X POST"), POST),
        ("curl \"$API/zones/$ZONE/dns_records\"".to_owned(), LIST),
        ("curl -X PUT ${BASE}/client/v4/zones/${ZONE}/dns_records/${ID}".to_owned(), PUT),
        ("curl localhost:8787/client/v4/zones/z/dns_records".to_owned(), LIST),
    ];
    for (text, expected) in cases {
        assert!(matches!(recognise(text).map(|found| found.subject), Ok(Subject::Curl)), "{text}: {}", named(text));
        assert_eq!(named(text), *expected, "{text}");
    }
    let found = recognise(&format!("curl -X \"$METHOD\" {list} --next {one}")).unwrap();
    assert_eq!(found.operations.len(), 2);
    assert_eq!(found.remarks, [Remark::UnreadMethod, Remark::FirstOnly]);
    assert_eq!(recognise("curl -s").unwrap_err(), RecogniseError::NoUrl);
    assert!(matches!(recognise("curl https://example.com/a"), Err(RecogniseError::Elsewhere { .. })));
}

#[test]
fn what_names_nothing_offers_the_nearest() {
    let nearest = |text: &str| recognise(text).unwrap_err().nearest().to_vec();
    assert!(nearest("GET /zones/{zone_id}/dns_recrods").contains(&LIST.to_owned()));
    // The path is right and the method is not: what is there.
    assert_eq!(nearest("DELETE /zones/{zone_id}/dns_records"), [LIST, POST]);
    assert!(nearest("/zones/{zone_id}/dns_recrods").iter().any(|path| path.ends_with("/dns_records")));
    assert_eq!(nearest("client.dns.record.update()")[0], "dns.records.update");
    assert_eq!(nearest("cloudflare_worker_route")[0], "cloudflare_workers_route");
    assert_eq!(nearest("dns-records-for-a-zone-updat-dns-record")[0], "dns-records-for-a-zone-update-dns-record");
    assert_eq!(recognise(" \n").unwrap_err(), RecogniseError::Empty);
    assert_eq!(recognise("please let me in").unwrap_err(), RecogniseError::Unrecognised);
    assert_eq!(recognise(&"a".repeat(2 << 20)).unwrap_err(), RecogniseError::TooLong);
    assert!(recognise(&"a".repeat(100_000)).unwrap_err().to_string().len() < 400);
}

/// A credential as Cloudflare makes them.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_-]{39}[0-9]",
        "[A-Za-z0-9]{48}".prop_map(|body| format!("cf{}_{body}", "ut")),
        "[0-9a-f]{36}[0-9]",
    ]
}

fn filled(operation: &Operation, ids: &[String]) -> String {
    let mut ids = ids.iter().cycle();
    let mut segments = operation.path().split('/').map(|segment| match segment.contains('{') {
        true => ids.next().unwrap().as_str(),
        false => segment,
    });
    segments.by_ref().collect::<Vec<_>>().join("/")
}

proptest! {
    // Whatever is not recognised is compared with every spelling there is: slow without optimisation.
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = recognise(&text);
    }

    #[test]
    fn no_pieces_make_it_panic(pieces in prop::collection::vec(prop_oneof![
        Just("curl "), Just("-X"), Just("PUT "), Just("'"), Just("\""), Just("\\\n"), Just("https://"), Just("/"),
        Just("api.cloudflare.com"), Just("/client/v4/"), Just("zones"), Just("{zone_id}"), Just("?"), Just("#"), Just("@"),
        Just("data "), Just("cloudflare_"), Just("cloudflare_dns_record"), Just("."), Just("client"), Just("dns.records"),
        Just("("), Just("s3:"), Just("é"), Just("$'"), Just("|"), Just("&"), Just(">"), Just("--url"), Just("="), Just("\0"),
    ], 0..24)) {
        let _ = recognise(&pieces.concat());
    }

    #[test]
    fn no_credential_comes_back(secret in secret(), id in "[0-9a-f]{32}", at in 0..18usize) {
        let url = format!("https://api.cloudflare.com/client/v4/zones/{id}");
        let text = &with_credential(&secret, &url)[at];
        let found = recognise(text);
        prop_assert!(!format!("{found:?}").contains(&secret), "{}", text);
        if let Err(error) = found {
            prop_assert!(!error.to_string().contains(&secret), "{}", text);
        }
    }
}

/// Texts that hold a credential, each in another place.
fn with_credential(secret: &str, url: &str) -> [String; 18] {
    [
        secret.to_owned(),
        format!("Authorization: Bearer {secret}"),
        format!("curl {url} -H 'Authorization: Bearer {secret}' -H \"X-Auth-Key: {secret}\""),
        format!("curl {url}/nowhere -H 'Authorization: Bearer {secret}' -d '{secret}'"),
        format!("curl -u {secret} --oauth2-bearer {secret} {url}"),
        format!("curl -H Authorization:Bearer/{secret} --unheard /{secret}/x"),
        format!("curl {url}/{secret}?token={secret}"),
        format!("curl https://{secret}:{secret}@api.cloudflare.com/client/v4/zones/{secret}/x"),
        format!("curl https://{secret}.example.com/"),
        format!("GET /accounts/x/tokens/{secret}"),
        format!("GET /accounts/{secret}/nowhere/{secret}#{secret}"),
        format!("/{secret}"),
        format!("client.{secret}.list()"),
        format!("dns.records.list('{secret}')"),
        format!("cloudflare_{secret}"),
        format!("{secret} zones.list"),
        format!("PUT /zones {secret}"),
        format!("https://developers.cloudflare.com/api/resources/{secret}/methods/{secret}"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_url_of_every_operation_is_recognised(at in 0..operations().len(), ids in prop::collection::vec("[0-9a-f]{32}", 1..4)) {
        let operation = &operations()[at];
        let template = recognise(&operation.to_string()).unwrap();
        prop_assert_eq!(&template.operations, &[operation]);
        prop_assert!(template.ids.is_empty());
        prop_assume!(operation.is_routed());
        let url = format!("https://api.cloudflare.com/client/v4{}?a=b", filled(operation, &ids));
        for text in [
            format!("{} {url}", operation.method),
            format!("curl -X {} '{url}' -H 'Authorization: Bearer x'", operation.method),
        ] {
            let found = recognise(&text).unwrap();
            prop_assert_eq!(&found.operations, &[operation]);
            prop_assert!(found.remarks.contains(&Remark::Query));
        }
        let found = recognise(&url).unwrap();
        prop_assert!(found.operations.iter().chain(&found.others).any(|found| found == &operation), "{}", url);
    }
}
