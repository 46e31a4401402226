//! R2's S3 face: the rules of single operations, beside who may call them.

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::s3::{Ask, Key, Reply, S3, amz_date, amz_date_of};
use common::{Local, policy, unlimited};
use flarekeep_catalogue::Scope;
use flarekeep_emulator::{ExpiredLink, Options};
use serde_json::json;
use sha2::{Digest, Sha256};

const MIB: usize = 1 << 20;

/// An emulator with the bucket `site`, and the keys of a token of the account.
async fn with(options: Options) -> (Local, S3, Key) {
    let local = Local::with(options).await;
    let s3 = S3::start(&local.emulator).await;
    local.admin("POST", "/accounts/{A}/r2/buckets").json(&json!({"name": "site"})).send().await.result();
    let key = local.account_token(&[local.at_account(&["Workers R2 Storage Write"])]).await.key();
    (local, s3, key)
}

async fn ready() -> (Local, S3, Key) {
    with(unlimited()).await
}

fn put(path: &str, body: &'static str) -> Ask {
    Ask::new("PUT", path).body(body)
}

fn text<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// The check values of `123456789`, in base64.
const SUMS: [(&str, &str, &str); 5] = [
    ("crc32", "CRC32", "y/Q5Jg=="),
    ("crc32c", "CRC32C", "4waSgw=="),
    ("crc64nvme", "CRC64NVME", "rosUhgp5mIg="),
    ("sha1", "SHA1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
    ("sha256", "SHA256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
];

#[tokio::test]
async fn checksums_are_verified_kept_and_given_back() {
    let (_local, s3, key) = ready().await;
    for (short, _, sum) in SUMS {
        let header = format!("x-amz-checksum-{short}");
        let made = s3.send(&key, put("/site/sum", "123456789").header(&header, sum)).await;
        assert_eq!(text(made.ok(), &header), sum);
        s3.send(&key, put("/site/sum", "123456780").header(&header, sum)).await.refused(400, "BadDigest");
        let plain = s3.send(&key, Ask::new("GET", "/site/sum")).await;
        assert_eq!((plain.ok().text().as_str(), text(&plain, &header)), ("123456789", ""));
        for method in ["GET", "HEAD"] {
            let asked = s3.send(&key, Ask::new(method, "/site/sum").header("x-amz-checksum-mode", "ENABLED")).await;
            assert_eq!((text(asked.ok(), &header), text(&asked, "x-amz-checksum-type")), (sum, "FULL_OBJECT"));
        }
        let part = Ask::new("GET", "/site/sum").header("x-amz-checksum-mode", "ENABLED").header("range", "bytes=0-1");
        assert_eq!(text(&s3.send(&key, part).await, &header), "");
    }
    let two = put("/site/two", "1").header("x-amz-checksum-crc32", "x").header("x-amz-checksum-sha1", "x");
    s3.send(&key, two).await.refused(400, "InvalidRequest");
    s3.send(&key, put("/site/md5", "1").header("content-md5", "not base64!")).await.refused(400, "InvalidDigest");
}

/// A body in chunks, with its checksum behind it, as newer clients send it.
#[tokio::test]
async fn checksums_come_behind_a_chunked_body_too() {
    let (_local, s3, key) = ready().await;
    let chunked = |sum: &str| {
        let body = format!("9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:{sum}\r\n\r\n");
        Ask { payload: Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER".to_owned()), ..Ask::new("PUT", "/site/chunked") }
            .header("content-encoding", "aws-chunked")
            .header("x-amz-decoded-content-length", "9")
            .header("x-amz-trailer", "x-amz-checksum-crc32")
            .body(body)
    };
    s3.send(&key, chunked("AAAAAA==")).await.refused(400, "BadDigest");
    assert_eq!(text(s3.send(&key, chunked("y/Q5Jg==")).await.ok(), "x-amz-checksum-crc32"), "y/Q5Jg==");
    let got = s3.send(&key, Ask::new("GET", "/site/chunked").header("x-amz-checksum-mode", "ENABLED")).await;
    assert_eq!((got.ok().text().as_str(), text(&got, "content-encoding")), ("123456789", ""));
    assert_eq!(text(&got, "x-amz-checksum-crc32"), "y/Q5Jg==");
}

/// Uploads two parts and completes them.
async fn in_parts(s3: &S3, key: &Key, begin: Ask, first: usize) -> Reply {
    let id = s3.send(key, begin).await.ok().element("UploadId");
    let mut list = String::new();
    for (number, size) in [(1, first), (2, 9)] {
        let path = format!("/site/big?partNumber={number}&uploadId={id}");
        let part = s3.send(key, Ask::new("PUT", &path).body(vec![number; size])).await;
        list += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>", text(part.ok(), "etag"));
    }
    let body = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
    s3.send(key, Ask::new("POST", &format!("/site/big?uploadId={id}")).body(body)).await
}

#[tokio::test]
async fn an_object_of_parts_has_a_composite_checksum_and_parts_to_get() {
    let (_local, s3, key) = ready().await;
    let begin = |kind: &str| Ask::new("POST", "/site/big?uploads").header("x-amz-checksum-algorithm", kind);
    let whole = [vec![1; 5 * MIB], vec![2; 9]].concat();
    for (short, name, _) in SUMS {
        let done = in_parts(&s3, &key, begin(name), 5 * MIB).await;
        let sum = done.ok().element(&format!("Checksum{name}"));
        assert_eq!(sum.ends_with("-2"), short != "crc64nvme", "{sum}");
        if short == "sha256" {
            let sums = [Sha256::digest(&whole[..5 * MIB]), Sha256::digest(&whole[5 * MIB..])].concat();
            assert_eq!(sum, format!("{}-2", STANDARD.encode(Sha256::digest(&sums))));
        }
    }
    let full = begin("CRC32").header("x-amz-checksum-type", "FULL_OBJECT");
    s3.send(&key, full).await.refused(501, "NotImplemented");
    let second = s3.send(&key, Ask::new("GET", "/site/big?partNumber=2")).await;
    assert_eq!((second.status, second.body.as_ref()), (206, &whole[5 * MIB..]));
    assert_eq!(text(&second, "content-range"), format!("bytes {}-{}/{}", 5 * MIB, 5 * MIB + 8, 5 * MIB + 9));
    assert_eq!(text(&second, "x-amz-mp-parts-count"), "2");
    s3.send(&key, Ask::new("GET", "/site/big?partNumber=3")).await.refused(416, "InvalidPartNumber");
    in_parts(&s3, &key, begin("CRC32"), 9).await.refused(400, "EntityTooSmall");
    let id = s3.send(&key, begin("CRC32")).await.element("UploadId");
    for number in ["0", "10001"] {
        let path = format!("/site/big?partNumber={number}&uploadId={id}");
        s3.send(&key, put(&path, "x")).await.refused(400, "InvalidArgument");
    }
    let empty = Ask::new("POST", &format!("/site/big?uploadId={id}")).body("<CompleteMultipartUpload/>");
    s3.send(&key, empty).await.refused(400, "MalformedXML");
    let copied = |range: &str| {
        put(&format!("/site/big?partNumber=1&uploadId={id}"), "")
            .header("x-amz-copy-source", "/site/big")
            .header("x-amz-copy-source-range", range)
    };
    s3.send(&key, copied("bytes=0-4")).await.ok();
    s3.send(&key, copied("bytes=5-99999999")).await.ok();
    for bad in ["bytes=0-", "bytes=5-2", "0-4"] {
        s3.send(&key, copied(bad)).await.refused(400, "InvalidArgument");
    }
}

#[tokio::test]
async fn dates_are_conditions_of_reads_and_writes() {
    let (_local, s3, key) = ready().await;
    s3.send(&key, put("/site/a", "1")).await.ok();
    let (past, future) = ("Thu, 01 Jan 2015 00:00:00 GMT", "Thu, 01 Jan 2099 00:00:00 GMT");
    for (method, name, date, status) in [
        ("GET", "if-modified-since", past, 200),
        ("GET", "if-modified-since", future, 304),
        ("HEAD", "if-modified-since", future, 304),
        ("GET", "if-unmodified-since", past, 412),
        ("GET", "if-unmodified-since", future, 200),
        ("PUT", "if-unmodified-since", past, 412),
        ("PUT", "if-unmodified-since", future, 200),
        ("PUT", "if-modified-since", future, 412),
        ("PUT", "if-modified-since", past, 200),
    ] {
        let reply = s3.send(&key, Ask::new(method, "/site/a").header(name, date)).await;
        assert_eq!(reply.status, status, "{method} {name} {date}: {}", reply.text());
        assert!(status != 304 || !text(&reply, "etag").is_empty() && reply.body.is_empty());
    }
}

#[tokio::test]
async fn copies_keep_replace_and_merge_what_is_told_of_an_object() {
    let (_local, s3, key) = ready().await;
    let original = put("/site/a", "1").header("content-type", "text/csv").header("x-amz-meta-colour", "red");
    s3.send(&key, original).await.ok();
    let copy = |to: &str, how: &str| {
        put(&format!("/site/{to}"), "")
            .header("x-amz-copy-source", "/site/a")
            .header("x-amz-metadata-directive", how)
            .header("x-amz-meta-size", "big")
    };
    for (how, kind, colour, size) in
        [("COPY", "text/csv", "red", ""), ("REPLACE", "", "", "big"), ("MERGE", "text/csv", "red", "big")]
    {
        s3.send(&key, copy("b", how)).await.ok();
        let got = s3.send(&key, Ask::new("GET", "/site/b")).await;
        let told = ["content-type", "x-amz-meta-colour", "x-amz-meta-size"].map(|name| text(got.ok(), name));
        assert_eq!(told, [kind, colour, size], "{how}");
    }
    s3.send(&key, copy("b", "WAT")).await.refused(400, "InvalidArgument");
    let onto = |name: &str, value: &str| copy("b", "COPY").header(&format!("cf-copy-destination-{name}"), value);
    s3.send(&key, onto("if-none-match", "*")).await.refused(412, "PreconditionFailed");
    s3.send(&key, onto("if-match", "\"other\"")).await.refused(412, "PreconditionFailed");
    s3.send(&key, onto("if-match", "*")).await.ok();
    s3.send(&key, copy("new", "COPY").header("cf-copy-destination-if-none-match", "*")).await.ok();
    let late = copy("b", "COPY").header("x-amz-copy-source-if-unmodified-since", "Thu, 01 Jan 2015 00:00:00 GMT");
    s3.send(&key, late).await.refused(412, "PreconditionFailed");
}

#[tokio::test]
async fn a_bucket_is_made_by_the_way_by_who_may_make_one() {
    let (local, s3, key) = ready().await;
    let by_the_way = |path: &str| put(path, "1").header("cf-create-bucket-if-missing", "true");
    s3.send(&key, put("/fresh/a", "1")).await.refused(404, "NoSuchBucket");
    s3.send(&key, by_the_way("/fresh/a")).await.ok();
    s3.send(&key, Ask::new("HEAD", "/fresh")).await.ok();
    let resource = local.path("com.cloudflare.edge.r2.bucket.{A}_default_other");
    let group = ["Workers R2 Storage Bucket Item Write"];
    let narrow = local.user_token(&[policy(json!({ resource: "*" }), Scope::Bucket, &group)]).await.key();
    s3.send(&narrow, by_the_way("/other/a")).await.refused(403, "AccessDenied");
    s3.send(&key, Ask::new("PUT", "/other")).await.ok();
    s3.send(&narrow, by_the_way("/other/a")).await.ok();
}

#[tokio::test]
async fn several_are_deleted_by_r2s_rules() {
    let (_local, s3, key) = ready().await;
    s3.send(&key, put("/site/a", "1")).await.ok();
    let several = |inside: &str| Ask::new("POST", "/site?delete").body(format!("<Delete>{inside}</Delete>"));
    let gone = s3.send(&key, several("<Quiet>true</Quiet><Object><Key>a</Key></Object>")).await;
    assert_eq!(gone.ok().elements("Key"), ["a"], "quiet is passed over");
    s3.send(&key, several("")).await.refused(400, "MalformedXML");
    let many: String = (0..1_001).map(|number| format!("<Object><Key>{number}</Key></Object>")).collect();
    s3.send(&key, several(&many)).await.refused(400, "MalformedXML");
    let lie = Ask { payload: Some("0".repeat(64)), ..several("<Object><Key>a</Key></Object>") };
    s3.send(&key, lie).await.refused(400, "XAmzContentSHA256Mismatch");
    // Two that Amazon has otherwise.
    s3.send(&key, Ask::new("POST", "/site/posted").body("1").header("x-amz-meta-colour", "red")).await.ok();
    let got = s3.send(&key, Ask::new("GET", "/site/posted")).await;
    assert_eq!((got.ok().text().as_str(), text(&got, "x-amz-meta-colour")), ("1", "red"));
    assert_eq!(s3.send(&key, Ask::new("DELETE", "/site/posted?tagging")).await.status, 204);
    s3.send(&key, Ask::new("GET", "/site/posted")).await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn lists_have_r2s_edges() {
    let (_local, s3, key) = ready().await;
    for name in ["a/b", "a/c"] {
        s3.send(&key, put(&format!("/site/{name}"), "1")).await.ok();
    }
    let list = |query: &str| Ask::new("GET", &format!("/site?{query}"));
    let none = s3.send(&key, list("list-type=2&max-keys=0")).await;
    assert_eq!((none.ok().element("IsTruncated"), none.elements("Key").len()), ("true".to_owned(), 0));
    assert_eq!(s3.send(&key, list("list-type=2&max-keys=0&prefix=x")).await.element("IsTruncated"), "false");
    let encoded = s3.send(&key, list("encoding-type=url&list-type=2")).await;
    assert_eq!(encoded.ok().elements("Key"), ["a%2Fb", "a%2Fc"]);
    assert_eq!(encoded.elements("ID").len(), 0);
    assert_eq!(s3.send(&key, list("fetch-owner=true&list-type=2")).await.elements("ID").len(), 2);
    s3.send(&key, list("list-type=2&max-keys=-1")).await.refused(400, "InvalidMaxKeys");
    for (query, said) in [
        ("foobar=1", "ListObjectsV1 search parameter foobar not implemented"),
        ("foobar=1&list-type=2", "ListObjectsV2 search parameter foobar not implemented"),
        ("list-type=3", "ListObjectsV3 not implemented"),
        ("policy=", "GetBucketPolicy not implemented"),
    ] {
        let reply = s3.send(&key, list(query)).await;
        assert_eq!((reply.status, reply.element("Message").as_str()), (501, said));
        assert!(!reply.headers.contains_key("x-flarekeep-simulated"));
    }
    let tagged = s3.send(&key, put("/site/a", "1").header("x-amz-tagging", "a=b")).await;
    assert_eq!(
        tagged.text().split("<Error>").nth(1),
        Some(
            "<Code>NotImplemented</Code><Message>Header &apos;x-amz-tagging&apos; with value &apos;a=b&apos; not \
             implemented</Message></Error>"
        )
    );
    let head = s3.send(&key, Ask::new("HEAD", "/site/none")).await;
    assert_eq!((head.status, head.body.len()), (404, 0));
    s3.send(&key, Ask::new("PATCH", "/site/a")).await.refused(404, "RouteNotFound");
}

#[tokio::test]
async fn signatures_are_refused_in_r2s_words() {
    let (_local, s3, key) = ready().await;
    let wrong = Key { secret: "x".to_owned(), ..key.clone() };
    let refused = s3.send(&wrong, Ask::new("GET", "/site/a")).await;
    refused.refused(403, "SignatureDoesNotMatch");
    assert!(refused.element("StringToSign").starts_with("AWS4-HMAC-SHA256\n"), "{}", refused.text());
    assert!(refused.element("CanonicalRequest").starts_with("GET\n/site/a\n"));
    assert_eq!(refused.element("SignatureProvided").len(), 64);
    // What it should have been made of is what the right secret makes it of: the same request is good with it.
    s3.send(&key, Ask::new("GET", "/site/a")).await.refused(404, "NoSuchKey");

    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64;
    let long = s3.send_presigned(&key, "GET", "/site/a", &amz_date(), 604_801).await;
    long.refused(400, "InvalidArgument");
    s3.send_presigned(&key, "GET", "/site/a", &amz_date(), 604_800).await.refused(404, "NoSuchKey");
    s3.send_presigned(&key, "GET", "/site/a", &amz_date_of(now - 61), 60).await.refused(403, "ExpiredRequest");
    let lacking = format!("/site/a?X-Amz-Credential={}&X-Amz-Date=x&X-Amz-Expires=1&X-Amz-SignedHeaders=host", key.id);
    let reply = s3.raw("GET", &lacking, &[], "".into()).await;
    assert_eq!(
        reply.element("Message"),
        "Required search parameters X-Amz-Algorithm,  X-Amz-Signature missing",
        "{}",
        reply.text()
    );
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let garbage = [header("authorization", "AWS4-HMAC-SHA256 garbage")];
    let reply = s3.raw("GET", "/site/a", &garbage, "".into()).await;
    assert_eq!((reply.status, reply.element("Message").as_str()), (400, "Missing x-amz-content-sha256"));
    let day = amz_date_of(now - 1_000);
    let skewed = [
        header("x-amz-date", &day),
        header("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        header(
            "authorization",
            &format!(
                "AWS4-HMAC-SHA256 Credential={}/{}/auto/s3/aws4_request, \
                 SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={}",
                key.id,
                &day[..8],
                "0".repeat(64)
            ),
        ),
    ];
    s3.raw("GET", "/site/a", &skewed, "".into()).await.refused(403, "RequestTimeTooSkewed");

    let (_local, s3, key) = with(Options { expired_link: ExpiredLink::BadRequest, ..unlimited() }).await;
    s3.send_presigned(&key, "GET", "/site/a", &amz_date_of(now - 61), 60).await.refused(400, "ExpiredRequest");
}

#[tokio::test]
async fn limits_are_r2s() {
    let (_local, s3, key) = with(Options { object_write_limit: true, ..unlimited() }).await;
    s3.send(&key, put(&format!("/site/{}", "k".repeat(1_024)), "1")).await.ok();
    s3.send(&key, put(&format!("/site/{}", "k".repeat(1_025)), "1")).await.refused(400, "KeyTooLongError");
    let told = |size: usize| put("/site/meta", "1").header("x-amz-meta-a", &"x".repeat(size));
    s3.send(&key, told(8_192)).await.refused(400, "MetadataTooLarge");
    s3.send(&key, told(8_191)).await.ok();
    let mut refused = 0;
    for _ in 0..3 {
        refused += usize::from(s3.send(&key, put("/site/often", "1")).await.status == 429);
    }
    assert!(refused >= 1);
    s3.send(&key, put("/site/cold", "1").header("x-amz-storage-class", "STANDARD_IA")).await.ok();
    let cold = s3.send(&key, Ask::new("HEAD", "/site/cold")).await;
    assert_eq!(text(cold.ok(), "x-amz-storage-class"), "STANDARD_IA");
    s3.send(&key, put("/site/x", "1").header("x-amz-storage-class", "GLACIER"))
        .await
        .refused(400, "InvalidStorageClass");
}

#[tokio::test]
async fn a_buckets_settings_are_those_of_the_api() {
    let (local, s3, key) = ready().await;
    s3.send(&key, Ask::new("GET", "/site?cors")).await.refused(404, "NoSuchCORSConfiguration");
    let cors = "<CORSConfiguration><CORSRule><AllowedOrigin>https://a.test</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
                <MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>";
    s3.send(&key, Ask::new("PUT", "/site?cors").body(cors)).await.ok();
    let shown = local.admin("GET", "/accounts/{A}/r2/buckets/site/cors").send().await;
    let rule = json!({"allowed": {"methods": ["GET"], "origins": ["https://a.test"]}, "maxAgeSeconds": 60});
    assert_eq!(shown.result(), &json!({"rules": [rule]}));
    assert_eq!(s3.send(&key, Ask::new("GET", "/site?cors")).await.ok().elements("AllowedOrigin"), ["https://a.test"]);
    s3.send(&key, Ask::new("DELETE", "/site?cors")).await.ok();
    local.admin("GET", "/accounts/{A}/r2/buckets/site/cors").send().await.refused(404, 10059);

    let first = s3.send(&key, Ask::new("GET", "/site?lifecycle")).await;
    assert_eq!(first.ok().elements("DaysAfterInitiation"), ["7"]);
    let lifecycle = "<LifecycleConfiguration><Rule><ID>old</ID><Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter>\
                     <Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>";
    s3.send(&key, Ask::new("PUT", "/site?lifecycle").body(lifecycle)).await.ok();
    let shown = local.admin("GET", "/accounts/{A}/r2/buckets/site/lifecycle").send().await;
    let rule = json!({
        "id": "old",
        "enabled": true,
        "conditions": {"prefix": "logs/"},
        "deleteObjectsTransition": {"condition": {"type": "Age", "maxAge": 2_592_000}},
    });
    assert_eq!(shown.result(), &json!({"rules": [rule]}));
    let given = s3.send(&key, Ask::new("GET", "/site?lifecycle")).await;
    assert_eq!(
        (given.ok().elements("Days"), given.elements("Prefix")),
        (vec!["30".to_owned()], vec!["logs/".to_owned()])
    );
    assert_eq!(s3.send(&key, Ask::new("GET", "/site?encryption")).await.ok().element("SSEAlgorithm"), "AES256");
    s3.send(&key, Ask::new("GET", "/site?versioning")).await.ok();
    s3.send(&key, Ask::new("GET", "/site?tagging")).await.refused(404, "NoSuchTagSet");
}

#[tokio::test]
async fn one_of_several_tags_is_enough() {
    let (local, s3, key) = ready().await;
    let tag = text(s3.send(&key, put("/site/tags", "1")).await.ok(), "etag").to_owned();
    let get =
        async |header: &str, value: &str| s3.send(&key, Ask::new("GET", "/site/tags").header(header, value)).await;
    assert_eq!(get("if-none-match", &format!("\"a\", {tag}")).await.status, 304);
    assert_eq!(get("if-none-match", &format!("\"a\", W/{tag}")).await.status, 304);
    get("if-match", &format!("\"a\", {tag}")).await.ok();
    get("if-none-match", "\"a\", \"b\"").await.ok();
    get("if-match", "\"a\", \"b\"").await.refused(412, "PreconditionFailed");
    let over = put("/site/tags", "2").header("if-match", &format!("{tag}, \"b\""));
    s3.send(&key, over).await.ok();
    let path = "/accounts/{A}/r2/buckets/site/objects/tags";
    let now = text(s3.send(&key, Ask::new("HEAD", "/site/tags")).await.ok(), "etag").to_owned();
    let listed = local.admin("GET", path).header("if-none-match", &format!("\"a\", W/{now}")).send().await;
    assert_eq!(listed.status, 304);
}

#[tokio::test]
async fn buckets_are_listed_by_the_page() {
    let (_local, s3, key) = ready().await;
    for name in ["aaa", "bbb", "ccc"] {
        s3.send(&key, Ask::new("PUT", &format!("/{name}"))).await.ok();
    }
    let between = |text: &str, from: &str, to: &str| Some(text.split_once(from)?.1.split_once(to)?.0.to_owned());
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = s3.send(&key, Ask::new("GET", &format!("/?max-buckets=2{token}"))).await.ok().text();
        let names = page.split("<Name>").skip(1).map(|name| name.split('<').next().unwrap().to_owned());
        let names: Vec<String> = names.collect();
        assert!(names.len() <= 2);
        seen.extend(names);
        let Some(next) = between(&page, "<ContinuationToken>", "<") else { break };
        token = format!("&continuation-token={next}");
    }
    assert_eq!(seen, ["aaa", "bbb", "ccc", "site"]);
    s3.send(&key, Ask::new("GET", "/?max-buckets=0")).await.refused(400, "InvalidArgument");
    s3.send(&key, Ask::new("GET", "/?continuation-token=_")).await.refused(400, "InvalidArgument");
}

#[tokio::test]
async fn what_says_that_it_is_too_long_is_not_read() {
    let (_local, s3, key) = with(Options { object_bytes: 16 << 10, ..unlimited() }).await;
    s3.send(&key, put("/site/a", "1")).await.ok();
    let long = Ask::new("PUT", "/site/b").body(vec![0; 15 << 10]);
    s3.send(&key, long).await.refused(400, "EntityTooLarge");
    let fits = || Ask::new("PUT", "/site/b").body(vec![0; 12 << 10]);
    s3.send(&key, fits()).await.ok();
    s3.send(&key, fits()).await.ok();
}
