//! R2's S3 face: who may do what, and what comes of it.

mod common;

use std::sync::{Arc, Mutex};

use common::s3::{Ask, Key, S3, amz_date, amz_date_of};
use common::{Local, Minted, policy, unlimited};
use flarekeep_catalogue::{Operation, Scope};
use flarekeep_emulator::{CredentialKind, Emulator, LogEntry, Options, World};
use serde_json::json;

const READ: &str = "Workers R2 Storage Bucket Item Read";
const WRITE: &str = "Workers R2 Storage Bucket Item Write";
const MIB: usize = 1 << 20;

/// The bucket `site`, and `other` beside it.
async fn with_buckets(options: Options) -> (Local, S3) {
    let local = Local::with(options).await;
    let s3 = S3::start(&local.emulator).await;
    for name in ["site", "other"] {
        local.admin("POST", "/accounts/{A}/r2/buckets").json(&json!({"name": name})).send().await.result();
    }
    (local, s3)
}

/// A user token with one group at one bucket.
async fn at_bucket(local: &Local, bucket: &str, group: &str) -> Minted {
    let key = local.path(&format!("com.cloudflare.edge.r2.bucket.{{A}}_default_{bucket}"));
    local.user_token(&[policy(json!({ key: "*" }), Scope::Bucket, &[group])]).await
}

fn put(path: &str, body: &'static str) -> Ask {
    Ask::new("PUT", path).body(body)
}

#[tokio::test]
async fn a_token_of_one_bucket_works_with_its_objects_and_with_nothing_else() {
    let (local, s3) = with_buckets(unlimited()).await;
    let key = at_bucket(&local, "site", WRITE).await.key();
    let made = s3.send(&key, put("/site/a%20b/c.txt", "hello").header("content-type", "text/plain")).await;
    assert_eq!(made.ok().headers["etag"], "\"5d41402abc4b2a76b9719d911017c592\"");
    let got = s3.send(&key, Ask::new("GET", "/site/a%20b/c.txt")).await;
    assert_eq!((got.ok().text().as_str(), &got.headers["content-type"]), ("hello", &"text/plain".parse().unwrap()));
    let part = s3.send(&key, Ask::new("GET", "/site/a%20b/c.txt").header("range", "bytes=1-3")).await;
    assert_eq!(
        (part.status, part.text().as_str(), &part.headers["content-range"]),
        (206, "ell", &"bytes 1-3/5".parse().unwrap())
    );
    s3.send(&key, Ask::new("GET", "/site/a%20b/c.txt").header("range", "bytes=9-")).await.refused(416, "InvalidRange");
    let head = s3.send(&key, Ask::new("HEAD", "/site/a%20b/c.txt")).await;
    assert_eq!((head.status, &head.headers["content-length"], head.body.len()), (200, &"5".parse().unwrap(), 0));
    s3.send(&key, Ask::new("HEAD", "/site")).await.ok();
    s3.send(&key, Ask::new("GET", "/site/nothing")).await.refused(404, "NoSuchKey");

    for (method, path) in [
        ("GET", "/"),
        ("PUT", "/made"),
        ("DELETE", "/site"),
        ("GET", "/site?cors"),
        ("GET", "/site?location"),
        ("GET", "/other?list-type=2"),
        ("GET", "/other/a"),
        ("PUT", "/other/a"),
        ("DELETE", "/other/a"),
        ("GET", "/nowhere/a"),
    ] {
        s3.send(&key, Ask::new(method, path)).await.refused(403, "AccessDenied");
    }
    // A copy reads its source.
    let copy = |from: &str| put("/site/copy", "").header("x-amz-copy-source", from);
    s3.send(&key, copy("/other/a")).await.refused(403, "AccessDenied");
    s3.send(&key, copy("/site/a%20b/c.txt")).await.ok();
    assert_eq!(s3.send(&key, Ask::new("GET", "/site/copy")).await.ok().headers["content-type"], "text/plain");

    let reader = at_bucket(&local, "site", READ).await.key();
    assert_eq!(s3.send(&reader, Ask::new("GET", "/site/copy")).await.ok().text(), "hello");
    for ask in [put("/site/x", ""), Ask::new("DELETE", "/site/copy"), Ask::new("POST", "/site/x?uploads")] {
        s3.send(&reader, ask).await.refused(403, "AccessDenied");
    }
    let several = "<Delete><Object><Key>copy</Key></Object><Object><Key>absent</Key></Object></Delete>";
    s3.send(&reader, Ask::new("POST", "/site?delete").body(several)).await.refused(403, "AccessDenied");
    let gone = s3.send(&key, Ask::new("POST", "/site?delete").body(several)).await;
    assert_eq!(gone.ok().elements("Key"), ["copy", "absent"]);
    assert_eq!(s3.send(&key, Ask::new("DELETE", "/site/copy")).await.status, 204);
    s3.send(&key, Ask::new("GET", "/site/copy")).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn a_token_of_the_account_makes_lists_and_removes_buckets() {
    let (local, s3) = with_buckets(unlimited()).await;
    let admin = local.account_token(&[local.at_account(&["Workers R2 Storage Write"])]).await;
    let key = admin.key();
    let location =
        "<CreateBucketConfiguration><LocationConstraint>weur</LocationConstraint></CreateBucketConfiguration>";
    s3.send(&key, Ask::new("PUT", "/made").body(location)).await.ok();
    s3.send(&key, Ask::new("PUT", "/made")).await.refused(409, "BucketAlreadyOwnedByYou");
    let listed = s3.send(&key, Ask::new("GET", "/")).await;
    assert_eq!(listed.ok().elements("Name"), ["made", "other", "site"]);
    // They are the buckets of the API.
    let shown = local.by(&admin, "GET", "/accounts/{A}/r2/buckets/made").send().await;
    assert_eq!(shown.result()["location"], "weur");
    s3.send(&key, put("/made/a", "1")).await.ok();
    s3.send(&key, Ask::new("DELETE", "/made")).await.refused(409, "BucketNotEmpty");
    local.by(&admin, "DELETE", "/accounts/{A}/r2/buckets/made").send().await.refused(409, 10008);
    s3.send(&key, Ask::new("DELETE", "/made/a")).await.ok();
    s3.send(&key, Ask::new("DELETE", "/made")).await.ok();
    s3.send(&key, Ask::new("GET", "/made?list-type=2")).await.refused(404, "NoSuchBucket");
    local.by(&admin, "GET", "/accounts/{A}/r2/buckets/made").send().await.refused(404, 10006);
    // R2's own words for what it lacks.
    let policy = s3.send(&key, Ask::new("GET", "/site?policy")).await;
    policy.refused(501, "NotImplemented");
    assert!(policy.headers.get("x-flarekeep-simulated").is_none());
    let reader = local.account_token(&[local.at_account(&["Workers R2 Storage Read"])]).await.key();
    s3.send(&reader, Ask::new("GET", "/")).await.ok();
    s3.send(&reader, Ask::new("PUT", "/made")).await.refused(403, "AccessDenied");
}

#[tokio::test]
async fn the_signature_is_checked() {
    let (local, s3) = with_buckets(unlimited()).await;
    let token = at_bucket(&local, "site", WRITE).await;
    let key = token.key();
    let other = at_bucket(&local, "site", WRITE).await.key();
    let mixed = Key { id: key.id.clone(), secret: other.secret };
    s3.send(&mixed, put("/site/a", "1")).await.refused(403, "SignatureDoesNotMatch");
    // The value itself is no secret of S3.
    let value = Key { id: key.id.clone(), secret: token.value.clone() };
    s3.send(&value, put("/site/a", "1")).await.refused(403, "SignatureDoesNotMatch");
    let unknown = Key { id: "0".repeat(32), secret: key.secret.clone() };
    s3.send(&unknown, put("/site/a", "1")).await.refused(401, "Unauthorized");
    let amazon = Key { id: "AKIA".repeat(5), secret: key.secret.clone() };
    s3.send(&amazon, put("/site/a", "1")).await.refused(400, "InvalidArgument");
    s3.raw("GET", "/site/a", &[], "".into()).await.refused(400, "InvalidArgument");
    let second = [("authorization".to_owned(), format!("AWS {}:x", key.id))];
    s3.raw("GET", "/site/a", &second, "".into()).await.refused(400, "InvalidRequest");
    // A body other than the one that was signed is not kept.
    let lie = Ask { payload: Some("0".repeat(64)), ..put("/site/a", "1") };
    s3.send(&key, lie).await.refused(400, "XAmzContentSHA256Mismatch");
    s3.send(&key, Ask::new("GET", "/site/a")).await.refused(404, "NoSuchKey");
    let unsigned = Ask { payload: Some("UNSIGNED-PAYLOAD".to_owned()), ..put("/site/a", "1") };
    s3.send(&key, unsigned).await.ok();
    let digest = put("/site/a", "2").header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==");
    s3.send(&key, digest).await.refused(400, "BadDigest");

    let link = s3.send_presigned(&key, "GET", "/site/a", &amz_date(), 60).await;
    assert_eq!(link.ok().text(), "1");
    s3.send_presigned(&mixed, "GET", "/site/a", &amz_date(), 60).await.refused(403, "SignatureDoesNotMatch");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64;
    let old = s3.send_presigned(&key, "GET", "/site/a", &amz_date_of(now - 600), 60).await;
    old.refused(403, "ExpiredRequest");
    // A session token must be one that the key's secret signed.
    let session = Ask::new("GET", "/site/a").header("x-amz-security-token", "x");
    s3.send(&key, session).await.refused(401, "Unauthorized");
}

/// What is not signed could be changed on the way; the host and every header of Amazon's must be.
#[tokio::test]
async fn a_signature_covers_the_host_and_amazons_headers() {
    let (local, s3) = with_buckets(unlimited()).await;
    let key = at_bucket(&local, "site", WRITE).await.key();
    s3.send(&key, put("/site/a", "1")).await.ok();
    s3.send(&key, put("/site/b", "2").header("user-agent", "x")).await.ok();
    for name in ["host", "x-amz-date", "x-amz-content-sha256", "x-amz-copy-source", "x-amz-meta-colour"] {
        let copy = put("/site/copy", "").header("x-amz-copy-source", "/site/a").header("x-amz-meta-colour", "red");
        let (status, code) = if name == "host" { (401, "Unauthorized") } else { (403, "AccessDenied") };
        s3.send(&key, Ask { unsigned: vec![name], ..copy }).await.refused(status, code);
    }
    s3.send(&key, Ask { unsigned: vec!["user-agent"], ..put("/site/a", "1").header("user-agent", "x") }).await.ok();
    s3.send(&key, Ask::new("GET", "/site/copy")).await.refused(404, "NoSuchKey");
    // A link is for what it says.
    let link = s3.presigned(&key, "PUT", "/site/copy", &amz_date(), 60);
    let host = ("host".to_owned(), s3.address());
    let copy = ("x-amz-copy-source".to_owned(), "/site/a".to_owned());
    s3.raw("PUT", &link, &[host.clone(), copy], "".into()).await.refused(403, "AccessDenied");
    s3.raw("PUT", &link, std::slice::from_ref(&host), "".into()).await.ok();
    // Which of two signatures counts is not left to chance.
    let both = [host.clone(), ("authorization".to_owned(), format!("AWS4-HMAC-SHA256 Credential={}", key.id))];
    s3.raw("PUT", &link, &both, "".into()).await.refused(400, "InvalidArgument");
    let older = format!("/site/a?AWSAccessKeyId={}&%53ignature=x&Expires=1&X-Amz-Credential={}", key.id, key.id);
    s3.raw("GET", &older, &[host], "".into()).await.refused(400, "InvalidRequest");
}

#[tokio::test]
async fn a_key_lives_and_dies_with_its_token() {
    let (local, s3) = with_buckets(unlimited()).await;
    let token = at_bucket(&local, "site", WRITE).await;
    let old = token.key();
    s3.send(&old, put("/site/a", "1")).await.ok();
    let path = format!("/user/tokens/{}", token.id);
    let rolled = local.admin("PUT", &format!("{path}/value")).json(&json!({})).send().await;
    let token = Minted { id: token.id, value: rolled.result().as_str().unwrap().to_owned() };
    s3.send(&old, Ask::new("GET", "/site/a")).await.refused(403, "SignatureDoesNotMatch");
    let key = token.key();
    s3.send(&key, Ask::new("GET", "/site/a")).await.ok();

    let held = local.admin("GET", &path).send().await.result().clone();
    for (name, value, status, code) in [
        ("status", json!("disabled"), 401, "Unauthorized"),
        ("not_before", json!("2999-01-01T00:00:00Z"), 401, "Unauthorized"),
        ("expires_on", json!("2001-01-01T00:00:00Z"), 401, "Unauthorized"),
        ("condition", json!({"request_ip": {"in": ["203.0.113.0/24"]}}), 403, "AccessDenied"),
    ] {
        let mut barred = held.clone();
        barred[name] = value;
        local.admin("PUT", &path).json(&barred).send().await.result();
        s3.send(&key, Ask::new("GET", "/site/a")).await.refused(status, code);
        local.admin("PUT", &path).json(&held).send().await.result();
        s3.send(&key, Ask::new("GET", "/site/a")).await.ok();
    }
    local.admin("DELETE", &path).send().await.result();
    s3.send(&key, Ask::new("GET", "/site/a")).await.refused(401, "Unauthorized");
}

#[tokio::test]
async fn lists_have_prefixes_delimiters_and_pages() {
    let (local, s3) = with_buckets(unlimited()).await;
    let key = at_bucket(&local, "site", WRITE).await.key();
    for name in ["a", "b/1", "b/2", "c%20d", "e"] {
        s3.send(&key, put(&format!("/site/{name}"), "x")).await.ok();
    }
    let page = s3.send(&key, Ask::new("GET", "/site?delimiter=%2F&list-type=2&max-keys=2")).await;
    assert_eq!((page.ok().elements("Key"), page.elements("Prefix")), (vec!["a".to_owned()], vec!["b/".to_owned()]));
    assert_eq!((page.element("IsTruncated"), page.element("KeyCount")), ("true".to_owned(), "2".to_owned()));
    let token = page.element("NextContinuationToken");
    let next = format!("/site?continuation-token={token}&delimiter=%2F&encoding-type=url&list-type=2");
    let rest = s3.send(&key, Ask::new("GET", &next)).await;
    assert_eq!(rest.ok().elements("Key"), ["c%20d", "e"]);
    assert_eq!(rest.element("IsTruncated"), "false");
    let inside = s3.send(&key, Ask::new("GET", "/site?list-type=2&prefix=b%2F&start-after=b%2F1")).await;
    assert_eq!(inside.ok().elements("Key"), ["b/2"]);
    let first = s3.send(&key, Ask::new("GET", "/site?delimiter=%2F&marker=b%2F")).await;
    assert_eq!(first.ok().elements("Key"), ["c d", "e"]);
    s3.send(&key, Ask::new("GET", "/site?continuation-token=x&list-type=2")).await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn writes_keep_to_their_conditions() {
    let (local, s3) = with_buckets(unlimited()).await;
    let key = at_bucket(&local, "site", WRITE).await.key();
    let only_new = |body| put("/site/a", body).header("if-none-match", "*");
    let etag = s3.send(&key, only_new("1")).await.ok().headers["etag"].to_str().unwrap().to_owned();
    s3.send(&key, only_new("2")).await.refused(412, "PreconditionFailed");
    s3.send(&key, put("/site/a", "2").header("if-match", "\"other\"")).await.refused(412, "PreconditionFailed");
    s3.send(&key, put("/site/a", "2").header("if-match", &etag)).await.ok();
    let same = s3.send(&key, Ask::new("GET", "/site/a")).await.ok().headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(s3.send(&key, Ask::new("GET", "/site/a").header("if-none-match", &same)).await.status, 304);
    s3.send(&key, Ask::new("GET", "/site/a").header("if-match", &etag)).await.refused(412, "PreconditionFailed");
}

#[tokio::test]
async fn an_object_in_parts() {
    let (local, s3) = with_buckets(unlimited()).await;
    let key = at_bucket(&local, "site", WRITE).await.key();
    let begun = s3.send(&key, Ask::new("POST", "/site/big?uploads").header("x-amz-meta-colour", "red")).await;
    let id = begun.ok().element("UploadId");
    let part = |number: usize, size: usize| {
        let path = format!("/site/big?partNumber={number}&uploadId={id}");
        Ask::new("PUT", &path).body(vec![number as u8; size])
    };
    let mut tags = Vec::new();
    for (number, size) in [(1, 5 * MIB), (2, 5 * MIB), (3, 9)] {
        let sent = s3.send(&key, part(number, size)).await;
        tags.push(sent.ok().headers["etag"].to_str().unwrap().to_owned());
    }
    let listed = s3.send(&key, Ask::new("GET", &format!("/site/big?max-parts=2&uploadId={id}"))).await;
    assert_eq!((listed.ok().elements("PartNumber").len(), listed.element("IsTruncated")), (2, "true".to_owned()));
    assert_eq!(s3.send(&key, Ask::new("GET", "/site?uploads")).await.ok().elements("UploadId"), [id.as_str()]);
    let list: String = (1..)
        .zip(&tags)
        .map(|(number, tag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"))
        .collect();
    let complete = |list: &str| {
        let body = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
        Ask::new("POST", &format!("/site/big?uploadId={id}")).body(body)
    };
    s3.send(&key, complete("<Part><PartNumber>9</PartNumber><ETag>x</ETag></Part>")).await.refused(400, "InvalidPart");
    let done = s3.send(&key, complete(&list)).await;
    assert!(done.ok().element("ETag").contains("-3"), "{}", done.text());
    let got = s3.send(&key, Ask::new("GET", "/site/big")).await;
    assert_eq!(
        (got.ok().body.len(), got.body[0], got.body[10 * MIB], &got.headers["x-amz-meta-colour"]),
        (10 * MIB + 9, 1, 3, &"red".parse().unwrap())
    );
    s3.send(&key, complete(&list)).await.refused(404, "NoSuchUpload");
    let second = s3.send(&key, Ask::new("POST", "/site/big?uploads")).await.element("UploadId");
    let abort = Ask::new("DELETE", &format!("/site/big?uploadId={second}"));
    assert_eq!(s3.send(&key, abort).await.status, 204);
    assert_eq!(s3.send(&key, Ask::new("GET", "/site?uploads")).await.elements("UploadId"), [""; 0]);
}

#[tokio::test]
async fn objects_are_bounded_and_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { object_bytes: 2 * 1024 + 10, ..unlimited() };
    let emulator = Emulator::open(folder.path(), World::generated(), options()).unwrap();
    let local = Local::serve(emulator.clone()).await;
    let s3 = S3::start(&emulator).await;
    let key = local.account_token(&[local.at_account(&["Workers R2 Storage Write"])]).await.key();
    s3.send(&key, Ask::new("PUT", "/site")).await.ok();
    let empty = emulator.state_hash();
    s3.send(&key, put("/site/a", "12345678")).await.ok();
    assert_ne!(emulator.state_hash(), empty);
    s3.send(&key, put("/site/b", "123")).await.refused(400, "EntityTooLarge");
    let large = Ask::new("PUT", "/site/b").body(vec![0; 2 * 1024 + 11]);
    s3.send(&key, large).await.refused(400, "EntityTooLarge");
    // What has no bytes takes room as well.
    s3.send(&key, put("/site/b", "")).await.ok();
    s3.send(&key, put("/site/c", "")).await.refused(400, "EntityTooLarge");
    s3.send(&key, Ask::new("POST", "/site/c?uploads")).await.refused(400, "EntityTooLarge");
    let before = emulator.state_hash();
    drop((s3, emulator));
    local.shutdown_and_drop().await;
    let emulator = Emulator::open(folder.path(), World::generated(), options()).unwrap();
    assert_eq!(emulator.state_hash(), before);
    let s3 = S3::start(&emulator).await;
    assert_eq!(s3.send(&key, Ask::new("GET", "/site?list-type=2")).await.ok().elements("Key"), ["a", "b"]);
    assert_eq!(s3.send(&key, Ask::new("GET", "/site/a")).await.ok().text(), "12345678");
    // What was there counts.
    s3.send(&key, Ask::new("POST", "/site/c?uploads")).await.refused(400, "EntityTooLarge");
}

#[tokio::test]
async fn a_host_names_the_account_and_the_jurisdiction() {
    let (one, two) = ("a".repeat(32), "b".repeat(32));
    let world = format!(
        "[[account]]\nname = 'One'\nid = '{one}'\n[[account]]\nname = 'Two'\nid = '{two}'\n[[user]]\nemail = 'a@b.c'\n[[zone]]\nname = 'one.test'\naccount = 'One'\n"
    );
    let local = Local::in_world(&world, unlimited()).await;
    let s3 = S3::start(&local.emulator).await;
    let resource = |account: &str| json!({ format!("com.cloudflare.api.account.{account}"): "*" });
    let write = |account: &str| policy(resource(account), Scope::Account, &["Workers R2 Storage Write"]);
    let key = local.user_token(&[write(&two)]).await.key();
    let at = |ask: Ask, host: String| Ask { host: Some(host), ..ask };
    s3.send(&key, Ask::new("PUT", "/site")).await.refused(403, "AccessDenied");
    s3.send(&key, at(Ask::new("PUT", "/site"), format!("{two}.r2.localhost"))).await.ok();
    s3.send(&key, at(Ask::new("PUT", "/site"), format!("{one}.r2.localhost"))).await.refused(403, "AccessDenied");
    let eu = format!("{two}.eu.r2.localhost");
    s3.send(&key, at(Ask::new("GET", "/site?list-type=2"), eu)).await.refused(404, "NoSuchBucket");
    let owned = local.admin("POST", &format!("/accounts/{one}/tokens"));
    let owned = owned.json(&json!({"name": "x", "policies": [write(&one)]})).send().await.minted().key();
    s3.send(&owned, Ask::new("GET", "/")).await.ok();
    s3.send(&owned, at(Ask::new("GET", "/"), format!("{two}.r2.localhost"))).await.refused(403, "AccessDenied");
}

#[tokio::test]
async fn calls_are_in_the_log_with_their_cause() {
    let log: Arc<Mutex<Vec<LogEntry>>> = Arc::default();
    let into = log.clone();
    let options =
        Options { on_decision: Some(Arc::new(move |entry| into.lock().unwrap().push(entry.clone()))), ..unlimited() };
    let (local, s3) = with_buckets(options).await;
    let token = at_bucket(&local, "site", READ).await;
    let key = token.key();
    let wrong = Key { secret: "x".to_owned(), ..key.clone() };
    let unknown = Key { id: "0".repeat(32), ..key.clone() };
    let _ = s3.send(&key, Ask::new("GET", "/site?list-type=2")).await;
    let _ = s3.send(&key, Ask::new("PUT", "/site/a")).await;
    let _ = s3.send(&key, Ask::new("GET", "/other/a")).await;
    let _ = s3.send(&wrong, Ask::new("GET", "/site/a")).await;
    let _ = s3.send(&unknown, Ask::new("GET", "/site/a")).await;
    let _ = s3.send(&key, Ask::new("PATCH", "/site/a")).await;
    let _ = s3.raw("GET", "/site/a", &[], "".into()).await;
    let entries = log.lock().unwrap().clone();
    let seen: Vec<_> = entries[entries.len() - 7..]
        .iter()
        .map(|entry| (entry.allowed, entry.cause, entry.operation.map(Operation::operation_id), entry.credential))
        .collect();
    let (user, none) = (CredentialKind::UserToken, CredentialKind::None);
    let expected = [
        (true, "granted", Some("ListObjectsV2"), user),
        (false, "missing-group", Some("PutObject"), user),
        (false, "other-resource", Some("GetObject"), user),
        (false, "bad-signature", None, user),
        (false, "unknown-credential", None, CredentialKind::UnknownToken),
        (false, "bad-request", None, user),
        (false, "no-credential", None, none),
    ];
    assert_eq!(seen, expected);
    for entry in &entries {
        for secret in [&key.secret, &token.value] {
            assert!(!format!("{entry:?}").contains(secret.as_str()));
        }
    }
    let refused = &entries[entries.len() - 6].sentence;
    assert!(refused.contains("needs one of Workers R2 Storage Bucket Item Write at bucket"), "{refused}");
}
