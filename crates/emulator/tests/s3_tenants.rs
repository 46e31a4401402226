//! Keys of one tenant's folder, as a hosting platform gives them out: whatever is asked for with them, nothing of another
//! tenant, of the registry or of another bucket is read, listed, written or removed.

mod common;

use std::collections::BTreeMap;

use common::s3::{Ask, Key, Reply, S3};
use common::{Local, Minted, policy, unlimited};
use flarekeep_catalogue::Scope;
use serde_json::json;

const WRITE: &str = "Workers R2 Storage Bucket Item Write";
/// What no answer may hold: it is the content of every object that is not the tenant's.
const FOREIGN: &str = "foreign-content";
const FOLDER: &str = "sites/acme/";
const OTHERS: [&str; 8] = [
    "sites/globex/current.json",
    "sites/globex/blobs/0123",
    "sites/acme-shop/current.json",
    "sites/acme2/current.json",
    "sites/acme",
    "sites/.hidden",
    "platform/platform.json",
    "platform/tenants/acme.json",
];

struct Place {
    local: Local,
    s3: S3,
    parent: Minted,
    tenant: Key,
    session: String,
}

impl Place {
    /// A place where the tenant's keys are for this prefix.
    async fn with(prefix: &str) -> Self {
        let local = Local::with(unlimited()).await;
        let s3 = S3::start(&local.emulator).await;
        for name in ["site", "other"] {
            local.admin("POST", "/accounts/{A}/r2/buckets").json(&json!({"name": name})).send().await.result();
        }
        let bucket = |name: &str| local.path(&format!("com.cloudflare.edge.r2.bucket.{{A}}_default_{name}"));
        let both = json!({ bucket("site"): "*", bucket("other"): "*" });
        let parent = local.user_token(&[policy(both, Scope::Bucket, &[WRITE])]).await;
        let wanted = json!({
            "bucket": "site", "parentAccessKeyId": parent.id, "permission": "object-read-write", "ttlSeconds": 3600,
            "prefixes": [prefix],
        });
        let made = local.admin("POST", "/accounts/{A}/r2/temp-access-credentials").json(&wanted).send().await;
        let text = |name: &str| made.result()[name].as_str().unwrap().to_owned();
        let tenant = Key { id: text("accessKeyId"), secret: text("secretAccessKey") };
        let session = text("sessionToken");
        let place = Self { local, s3, parent, tenant, session };
        for (bucket, key) in OTHERS.iter().map(|key| ("site", *key)).chain([("other", "sites/acme/x")]) {
            let ask = Ask::new("PUT", &format!("/{bucket}/{key}")).body(FOREIGN);
            place.s3.send(&place.parent.key(), ask).await.ok();
        }
        place.ask(Ask::new("PUT", "/site/sites/acme/own").body("own")).await.ok();
        place
    }

    /// Sends with the tenant's keys. A spelling that is not what S3 signs is signed as S3 does it.
    async fn ask(&self, ask: Ask) -> Reply {
        let ask = ask.header("x-amz-security-token", &self.session);
        let reply = self.s3.send(&self.tenant, ask.clone()).await;
        if reply.element("Code") != "SignatureDoesNotMatch" && (ask.method != "HEAD" || reply.status != 403) {
            return reply;
        }
        let (path, query) = ask.path.split_once('?').map_or((&*ask.path, ""), |(path, query)| (path, query));
        let canonical = format!("{}?{query}", path_of(&decoded(path)));
        self.s3.send(&self.tenant, Ask { signed_path: Some(canonical), ..ask }).await
    }

    /// All objects that are not the tenant's.
    async fn others(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for bucket in ["site", "other"] {
            let page = self.s3.send(&self.parent.key(), Ask::new("GET", &format!("/{bucket}?list-type=2"))).await;
            for key in page.ok().elements("Key") {
                if bucket == "site" && key.starts_with(FOLDER) {
                    continue;
                }
                let object =
                    self.s3.send(&self.parent.key(), Ask::new("GET", &format!("/{bucket}/{}", path_of(&key)))).await;
                all.insert(format!("{bucket}/{key}"), object.ok().text());
            }
        }
        all
    }
}

/// The ways to write a key that somebody may take for another one.
fn spellings(key: &str) -> Vec<String> {
    let encoded = key.replace('/', "%2F");
    vec![
        key.to_owned(),
        encoded.clone(),
        encoded.replace('%', "%25"),
        format!("{FOLDER}../../{key}"),
        format!("{FOLDER}%2e%2e/%2E%2E/{key}"),
        format!("sites%2Facme%2F..%2F..%2F{encoded}"),
        format!("{FOLDER}..%2f..%2f{encoded}"),
        format!("./{key}"),
        format!("/{key}"),
        format!("%2F{key}"),
        format!("{FOLDER}..\\..\\{key}"),
        format!("{FOLDER}%00/../../{key}"),
        format!("{FOLDER}?/../../{key}"),
        key.replace("sites/", "Sites/"),
        key.to_uppercase(),
        format!("{key}%20"),
    ]
}

/// As signatures of S3 want it.
fn percent(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}

fn path_of(key: &str) -> String {
    percent(key).replace("%2F", "/")
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).filter(|_| *first == b'%').and_then(|digits| str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &behind[2..]),
            None => (bytes.push(*first), rest = behind),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_tenant_reaches_nothing_of_others() {
    assert_eq!(holes(&Place::with(FOLDER).await).await, Vec::<String>::new());
}

/// The suite finds what it looks for: without the slash at its end the prefix reaches `sites/acme-shop/`.
#[tokio::test]
async fn a_prefix_without_its_slash_is_a_hole() {
    let holes = holes(&Place::with("sites/acme").await).await;
    let all = holes.join("\n");
    for hole in ["GET /site/sites/acme-shop/current.json", "copied", "listed", "changed"] {
        assert!(all.contains(hole), "{hole} is not among {all}");
    }
}

/// Asks for everything that is not the tenant's in every way, and says what came of it that should not.
async fn holes(place: &Place) -> Vec<String> {
    let mut holes = Vec::new();
    let before = place.others().await;
    assert_eq!(before.len(), OTHERS.len() + 1);
    let mut asks: Vec<Ask> = Vec::new();
    for key in OTHERS {
        for spelling in spellings(key) {
            let path = format!("/site/{spelling}");
            // Taken by a copy into the tenant's folder, whole or as a part, and put in another's place by one.
            for source in
                [format!("/site/{spelling}"), format!("site/{spelling}"), percent(&format!("site/{spelling}"))]
            {
                let to = format!("/site/sites/acme/stolen/{}", asks.len());
                asks.push(Ask::new("PUT", &to).header("x-amz-copy-source", &source));
            }
            for method in ["GET", "HEAD", "DELETE"] {
                asks.push(Ask::new(method, &path));
            }
            asks.push(Ask::new("PUT", &path).body("taken"));
            let join = if path.contains('?') { '&' } else { '?' };
            asks.push(Ask::new("POST", &format!("{path}{join}uploads")));
            asks.push(Ask::new("PUT", &format!("{path}{join}partNumber=1&uploadId=none")).body("taken"));
            asks.push(Ask::new("PUT", &path).header("x-amz-copy-source", "/site/sites/acme/own"));
            for delete in [key, &spelling] {
                let text = delete.replace('&', "&amp;").replace('<', "&lt;");
                let keys = format!("<Object><Key>sites/acme/nothing</Key></Object><Object><Key>{text}</Key></Object>");
                asks.push(Ask::new("POST", "/site?delete").body(format!("<Delete>{keys}</Delete>")));
            }
        }
    }
    for prefix in
        ["", "s", "sites", "sites/", "sites/acme", "sites/globex/", "platform/", "/", "sites/acme/../", "SITES/"]
    {
        let encoded = percent(prefix);
        for query in [
            format!("list-type=2&prefix={encoded}"),
            format!("prefix={encoded}"),
            format!("list-type=2&prefix={encoded}&delimiter=%2F"),
            format!("list-type=2&prefix={encoded}&prefix=sites%2Facme%2F"),
            format!("list-type=2&prefix=sites%2Facme%2F&prefix={encoded}"),
            format!("list-type=2&Prefix=sites%2Facme%2F&prefix={encoded}"),
            format!("list-type=2&prefix={encoded}&start-after=sites%2Facme%2F"),
            format!("uploads&prefix={encoded}"),
        ] {
            asks.push(Ask::new("GET", &format!("/site?{query}")));
        }
    }
    asks.push(Ask::new("GET", "/site?list-type=2&prefix=sites%2Facme%2F&start-after=&continuation-token=c2l0ZXM"));
    for setting in ["cors", "lifecycle", "location", "encryption", "acl", "versioning", "policy"] {
        asks.push(Ask::new("GET", &format!("/site?{setting}")));
        asks.push(Ask::new("PUT", &format!("/site?{setting}")).body("<x/>"));
        asks.push(Ask::new("DELETE", &format!("/site?{setting}")));
    }
    for (method, path) in [
        ("GET", "/"),
        ("DELETE", "/site"),
        ("PUT", "/made"),
        ("GET", "/other?list-type=2&prefix=sites%2Facme%2F"),
        ("GET", "/other/sites/acme/x"),
        ("PUT", "/other/sites/acme/x"),
        ("DELETE", "/other/sites/acme/x"),
        ("HEAD", "/other"),
    ] {
        asks.push(Ask::new(method, path));
    }
    asks.push(Ask::new("PUT", "/site/sites/acme/stolen").header("x-amz-copy-source", "/other/sites/acme/x"));
    let number = asks.len();
    assert!(number > 1_500, "{number}");
    let mut unsigned = 0;
    for ask in asks {
        let what = format!("{} {} {:?} {:?}", ask.method, ask.path, ask.headers, ask.body);
        let reply = place.ask(ask).await;
        let text = reply.text();
        unsigned += usize::from(reply.element("Code") == "SignatureDoesNotMatch");
        if text.contains(FOREIGN) {
            holes.push(format!("read: {what}"));
        }
        let names = ["Key", "Prefix"].into_iter().flat_map(|name| reply.elements(name));
        let listed = reply.status == 200 && text.contains("Result");
        let asked = |name: &String| what.contains(name.as_str()) || what.contains(&percent(name));
        let foreign: Vec<String> = names.filter(|name| !name.starts_with(FOLDER) && !asked(name)).collect();
        if listed && !foreign.is_empty() {
            holes.push(format!("listed: {what}: {foreign:?}"));
        }
    }
    // Nearly all were looked at by more than the signature.
    assert!(unsigned * 20 < number, "{unsigned} of {number}");
    // A part that is copied, and the tenant's own folder with what fell into it.
    let made = place.ask(Ask::new("POST", "/site/sites/acme/big?uploads")).await;
    let upload = made.ok().element("UploadId");
    for key in OTHERS {
        let path = format!("/site/sites/acme/big?partNumber=1&uploadId={upload}");
        let ask = Ask::new("PUT", &path).header("x-amz-copy-source", &format!("/site/{key}"));
        if place.ask(ask).await.status == 200 {
            holes.push(format!("a part was copied: {key}"));
        }
    }
    let own = place.s3.send(&place.parent.key(), Ask::new("GET", "/site?list-type=2&prefix=sites%2Facme%2F")).await;
    for key in own.ok().elements("Key") {
        let object = place.s3.send(&place.parent.key(), Ask::new("GET", &format!("/site/{}", path_of(&key)))).await;
        if object.text().contains(FOREIGN) {
            holes.push(format!("copied: {key}"));
        }
    }
    if place.others().await != before {
        holes.push("changed: what is not the tenant's".to_owned());
    }
    holes
}

#[tokio::test]
async fn a_tenants_own_folder_is_open_to_it() {
    let place = Place::with(FOLDER).await;
    for (method, path, status) in [
        ("PUT", "/site/sites/acme/blobs/1", 200),
        ("GET", "/site/sites/acme/blobs/1", 200),
        ("HEAD", "/site/sites/acme/blobs/1", 200),
        ("GET", "/site?list-type=2&prefix=sites%2Facme%2Fblobs%2F", 200),
        ("GET", "/site/sites/acme/none", 404),
        ("DELETE", "/site/sites/acme/blobs/1", 204),
    ] {
        let reply = place.ask(Ask::new(method, path)).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
    }
    drop(place.local);
}
