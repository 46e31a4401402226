//! DNS records: all types, filters and orders, batches, zone files.

mod common;

use common::{Local, Reply, unlimited};
use flarekeep_emulator::{ErrorStyle, Options};
use serde_json::{Value, json};

const LIST: &str = "/zones/{Z}/dns_records";

async fn post(local: &Local, body: Value) -> Reply {
    local.admin("POST", LIST).json(&body).send().await
}

async fn names(local: &Local, query: &str) -> Vec<String> {
    let reply = local.admin("GET", &format!("{LIST}?{query}")).send().await;
    let records = reply.result().as_array().unwrap().clone();
    records.iter().map(|record| record["name"].as_str().unwrap().replace(".example.com", "")).collect()
}

#[tokio::test]
async fn every_type_is_kept_with_its_content_and_its_data() {
    let local = Local::start().await;
    for (kind, content, data) in [
        ("CAA", "0 issue \"letsencrypt.org\"", json!({"flags": 0, "tag": "issue", "value": "letsencrypt.org"})),
        ("CERT", "9 1 8 AAAA", json!({"type": 9, "key_tag": 1, "algorithm": 8, "certificate": "AAAA"})),
        ("DNSKEY", "257 3 13 AAAA", json!({"flags": 257, "protocol": 3, "algorithm": 13, "public_key": "AAAA"})),
        ("DS", "1 13 2 0aff", json!({"key_tag": 1, "algorithm": 13, "digest_type": 2, "digest": "0aff"})),
        ("HTTPS", "1 . alpn=\"h3,h2\"", json!({"priority": 1, "target": ".", "value": "alpn=\"h3,h2\""})),
        ("SVCB", "1 svc.example.net", json!({"priority": 1, "target": "svc.example.net", "value": ""})),
        ("SMIMEA", "3 0 1 00aa", json!({"usage": 3, "selector": 0, "matching_type": 1, "certificate": "00aa"})),
        ("TLSA", "3 1 1 00aa", json!({"usage": 3, "selector": 1, "matching_type": 1, "certificate": "00aa"})),
        ("SSHFP", "2 1 00aa", json!({"algorithm": 2, "type": 1, "fingerprint": "00aa"})),
        (
            "SRV",
            "1 2 5060 sip.example.net",
            json!({"priority": 1, "weight": 2, "port": 5060, "target": "sip.example.net"}),
        ),
    ] {
        let name = format!("{}.by-content", kind.to_lowercase());
        let by_content = post(&local, json!({"type": kind, "name": name, "content": content})).await.result().clone();
        assert_eq!((&by_content["data"], &by_content["content"]), (&data, &json!(content)), "{kind}");
        let name = format!("{}.by-data", kind.to_lowercase());
        let by_data = post(&local, json!({"type": kind, "name": name, "data": data})).await.result().clone();
        assert_eq!((&by_data["data"], &by_data["content"]), (&data, &json!(content)), "{kind}");
        let without = json!({"type": kind, "name": "x"});
        post(&local, without).await.refused(400, 1004);
    }
    let uri = json!({"type": "URI", "name": "u", "priority": 1, "data": {"weight": 2, "target": "http://a.example/"}});
    assert_eq!(post(&local, uri).await.result()["content"], "2 \"http://a.example/\"");
    let naptr = json!({"type": "NAPTR", "name": "n", "content": "100 10 \"S\" \"SIP+D2U\" \"\" _sip._udp.example.com"});
    assert_eq!(post(&local, naptr).await.result()["data"]["service"], "SIP+D2U");
    let place = json!({"type": "LOC", "name": "l", "content": "IN LOC 37 46 46 N 122 23 35 W 0m 100m 0m 0m"});
    let place = post(&local, place).await.result().clone();
    assert_eq!(place["content"], "37 46 46 N 122 23 35 W 0m 100m 0m 0m");
    assert_eq!((&place["data"]["long_direction"], &place["data"]["size"]), (&json!("W"), &json!(100)));
    post(&local, json!({"type": "OPENPGPKEY", "name": "k", "content": "AAAA"})).await.result();
    post(&local, json!({"type": "PTR", "name": "p", "content": "Host.example.net."})).await.result();

    // A change of some parts leaves the others.
    let srv = post(&local, json!({"type": "SRV", "name": "s", "content": "1 2 3 a.b"})).await.result().clone();
    let one = format!("{LIST}/{}", srv["id"].as_str().unwrap());
    let patched = local.admin("PATCH", &one).json(&json!({"data": {"port": 4}})).send().await;
    assert_eq!(patched.result()["content"], "1 2 4 a.b");
}

#[tokio::test]
async fn faults_have_their_codes() {
    let local = Local::start().await;
    let fault = async |body: Value| {
        let reply = post(&local, body).await;
        assert_eq!(reply.status, 400, "{}", reply.text);
        *reply.codes().last().unwrap()
    };
    let a = |name: &str, content: &str| json!({"type": "A", "name": name, "content": content});
    post(&local, a("www", "203.0.113.1")).await.result();
    post(&local, json!({"type": "CNAME", "name": "alias", "content": "www.example.com"})).await.result();
    assert_eq!(fault(a("www", "203.0.113.1")).await, 81058);
    assert_eq!(fault(json!({"type": "CNAME", "name": "www", "content": "x.example.com"})).await, 81053);
    assert_eq!(fault(a("alias", "203.0.113.1")).await, 81054);
    assert_eq!(fault(json!({"type": "CNAME", "name": "self", "content": "self.example.com"})).await, 9039);
    assert_eq!(fault(a("a b", "203.0.113.1")).await, 9000);
    assert_eq!(fault(a("x", "nowhere")).await, 9005);
    assert_eq!(fault(json!({"type": "TXT", "name": "x", "content": "y".repeat(4097)})).await, 9015);
    assert_eq!(fault(json!({"type": "A", "name": "x", "content": "203.0.113.1", "ttl": 59})).await, 9021);
    assert_eq!(fault(json!({"type": "TXT", "name": "x", "content": "y", "proxied": true})).await, 9004);
    assert_eq!(fault(json!({"type": "A", "name": "x", "content": "10.0.0.1", "proxied": true})).await, 9003);
    let tags: Vec<String> = (0..21).map(|tag| format!("tag{tag}")).collect();
    assert_eq!(fault(json!({"type": "A", "name": "x", "content": "203.0.113.1", "tags": tags})).await, 9300);
    assert_eq!(fault(json!({"type": "MX", "name": "x", "content": "a.b"})).await, 9100);
    for half in ["a", "b"] {
        post(&local, json!({"type": "TXT", "name": "long", "content": half.repeat(4000)})).await.result();
    }
    assert_eq!(fault(json!({"type": "TXT", "name": "long", "content": "c".repeat(200)})).await, 83011);
    assert_eq!(post(&local, a("inner", "192.168.1.1")).await.result()["proxiable"], false);

    let local = Local::with(Options { error_style: ErrorStyle::Enriched, ..unlimited() }).await;
    post(&local, a("x", "nowhere")).await.refused(400, 9005);
}

#[tokio::test]
async fn texts_alone_have_a_common_bound() {
    let local = Local::start().await;
    let text = |number: usize| json!({"type": "TXT", "name": "t", "content": format!("{number}{}", "x".repeat(4095))});
    post(&local, text(1)).await.result();
    post(&local, text(2)).await.result();
    post(&local, text(3)).await.refused(400, 83011);
    let certificate = "ab".repeat(4100);
    let tlsa = json!({"type": "TLSA", "name": "t", "data": {"usage": 3, "selector": 0, "matching_type": 0, "certificate": certificate}});
    post(&local, tlsa).await.result();
}

#[tokio::test]
async fn lists_are_filtered_and_ordered() {
    let local = Local::start().await;
    for body in [
        json!({"type": "TXT", "name": "c", "content": "Hello", "ttl": 60, "comment": "One", "tags": ["team:web", "env"]}),
        json!({"type": "A", "name": "b", "content": "203.0.113.9", "ttl": 300, "comment": "two"}),
        json!({"type": "A", "name": "a", "content": "203.0.113.5", "proxied": true, "tags": ["team:Mail"]}),
        json!({"type": "AAAA", "name": "d", "content": "100::", "ttl": 120}),
    ] {
        post(&local, body).await.result();
    }
    for (query, expected) in [
        ("", "a b d c"),
        ("order=name", "a b c d"),
        ("order=name&direction=desc", "d c b a"),
        ("order=content", "d a b c"),
        ("order=ttl", "a c d b"),
        ("order=proxied", "b c d a"),
        ("order=name&per_page=2&page=2", "c d"),
        ("order=name&per_page=3&page=2", "d"),
        ("order=name&direction=desc&per_page=3&page=2", "a"),
        ("order=name&page=9", ""),
        ("name=A.example.com", "a"),
        ("name.startswith=b", "b"),
        ("name.contains=EXAMPLE&type=A", "a b"),
        ("name.endswith=c.example.com", "c"),
        ("content.contains=hell", "c"),
        ("content=203.0.113.9", "b"),
        ("proxied=true", "a"),
        ("comment.present=", "b c"),
        ("comment.absent&order=name", "a d"),
        ("comment.exact=one", "c"),
        ("comment.startswith=t", "b"),
        ("tag=team:web", "c"),
        ("tag=team&order=name", "a c"),
        ("tag.contains=team:a", "a"),
        ("tag.present=env", "c"),
        ("tag.absent=team&order=name", "b d"),
        ("tag=team:web&tag.exact=team:mail&tag_match=any&order=name", "a c"),
        ("tag=team:web&tag.exact=team:mail", ""),
        ("match=any&name=b.example.com&type=AAAA&order=name", "b d"),
        ("search=two", "b"),
        ("search=mail", "a"),
    ] {
        assert_eq!(names(&local, query).await.join(" "), expected, "{query}");
    }
    let page = local.admin("GET", &format!("{LIST}?per_page=3&page=2")).send().await;
    let info = json!({"page": 2, "per_page": 3, "count": 1, "total_count": 4, "total_pages": 2});
    assert_eq!(page.json["result_info"], info);
    let usage = local.admin("GET", &format!("{LIST}/usage")).send().await;
    assert_eq!(usage.result()["record_usage"], 4);
}

#[tokio::test]
async fn a_batch_is_done_whole_or_not_at_all() {
    let local = Local::start().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        let made = post(&local, json!({"type": "A", "name": name, "content": "203.0.113.1", "comment": "kept"})).await;
        ids.push(made.result()["id"].as_str().unwrap().to_owned());
    }
    let batch = json!({
        "posts": [{"type": "A", "name": "a", "content": "203.0.113.1"}],
        "puts": [{"id": ids[2], "type": "TXT", "name": "c", "content": "text"}],
        "patches": [{"id": ids[1], "content": "203.0.113.2"}],
        "deletes": [{"id": ids[0]}],
    });
    let path = format!("{LIST}/batch");
    let done = local.admin("POST", &path).json(&batch).send().await;
    let done = done.result();
    assert_eq!(done["deletes"][0]["id"], ids[0].as_str());
    assert_eq!(
        (&done["patches"][0]["content"], &done["patches"][0]["comment"]),
        (&json!("203.0.113.2"), &json!("kept"))
    );
    assert_eq!((&done["puts"][0]["type"], &done["puts"][0]["comment"]), (&json!("TXT"), &Value::Null));
    assert_eq!(done["posts"][0]["name"], "a.example.com");

    let before = local.emulator.state_hash();
    let bad = json!({"deletes": [{"id": ids[1]}], "posts": [{"type": "A", "name": "z", "content": "nowhere"}]});
    local.admin("POST", &path).json(&bad).send().await.refused(400, 1004);
    local.admin("POST", &path).json(&json!({"deletes": [{"id": "absent"}]})).send().await.refused(404, 81044);
    local.admin("POST", &path).json(&json!({"deletes": {}})).send().await.refused(400, 9207);
    assert_eq!(local.emulator.state_hash(), before);
    assert_eq!(names(&local, "order=name").await, ["a", "b", "c"]);
}

#[tokio::test]
async fn zone_files_come_in_and_go_out() {
    let local = Local::start().await;
    post(&local, json!({"type": "A", "name": "www", "content": "203.0.113.1"})).await.result();
    let file = "$TTL 600\nwww IN A 203.0.113.1\nmail MX 10 mx.example.net.\ntext TXT \"a; b\"\nweb A 203.0.113.7\n";
    let form = |file: &str| {
        format!(
            "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"zone.txt\"\r\n\r\n{file}\r\n--x\r\ncontent-disposition: form-data; name=\"proxied\"\r\n\r\ntrue\r\n--x--\r\n"
        )
    };
    let path = format!("{LIST}/import");
    let import =
        async |file: &str| local.admin("POST", &path).body("multipart/form-data; boundary=x", form(file)).send().await;
    assert_eq!(import(file).await.result(), &json!({"recs_added": 3, "total_records_parsed": 4}));
    import("web2 A 203.0.113.8\nbad WKS x\n").await.refused(400, 9207);
    local.admin("POST", &path).json(&json!({})).send().await.refused(400, 9207);
    assert_eq!(names(&local, "order=name").await, ["mail", "text", "web", "www"]);
    assert_eq!(names(&local, "proxied=true").await, ["web"]);
    let export = local.admin("GET", &format!("{LIST}/export")).send().await;
    for line in [
        "www.example.com.\t1\tIN\tA\t203.0.113.1\n",
        "web.example.com.\t1\tIN\tA\t203.0.113.7 ; cf_tags=cf-proxied:true\n",
        "mail.example.com.\t600\tIN\tMX\t10 mx.example.net.\n",
        "text.example.com.\t600\tIN\tTXT\t\"a; b\"\n",
    ] {
        assert!(export.text.contains(line), "{line}\n{}", export.text);
    }
}

#[tokio::test]
async fn a_batch_and_an_import_may_be_larger_than_other_bodies() {
    let local = Local::start().await;
    let text = "v".repeat(2000);
    let record =
        |at: usize| json!({"type": "TXT", "name": format!("n{at}"), "content": format!("\"{text}\""), "ttl": 60});
    let posts: Vec<_> = (0..600).map(record).collect();
    let batch = local.admin("POST", "/zones/{Z}/dns_records/batch").json(&json!({"posts": posts})).send().await;
    assert_eq!(batch.result()["posts"].as_array().unwrap().len(), 600);
    let mut file = String::new();
    for at in 0..12_000 {
        file.push_str(&format!("; {at} {}\n", "c".repeat(100)));
    }
    file.push_str("imported.example.com. 300 IN A 192.0.2.1\n");
    let form =
        format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"z\"\r\n\r\n{file}\r\n--b--\r\n");
    let import = local.admin("POST", "/zones/{Z}/dns_records/import").body("multipart/form-data; boundary=b", form);
    assert_eq!(import.send().await.result()["recs_added"], 1);
}
