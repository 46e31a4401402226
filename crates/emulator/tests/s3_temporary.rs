//! Temporary credentials of R2, from the API and signed by their parent's holder: what they reach, and how they end.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::s3::{Ask, Key, Reply, S3, amz_date};
use common::{Local, Minted, policy, unlimited};
use flarekeep_catalogue::Scope;
use flarekeep_emulator::{Options, SessionClaims};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const READ: &str = "Workers R2 Storage Bucket Item Read";
const WRITE: &str = "Workers R2 Storage Bucket Item Write";

struct Place {
    local: Local,
    s3: S3,
    clock: Arc<AtomicI64>,
}

/// Three credentials that belong together.
struct Temporary {
    key: Key,
    session: String,
}

impl Place {
    /// The bucket `site` with the objects `a/1`, `a/2` and `b`, and `other` beside it.
    async fn with(options: Options) -> (Self, Minted) {
        let clock = Arc::new(AtomicI64::new(now()));
        let told = clock.clone();
        let options = Options { clock: Some(Arc::new(move || told.load(Ordering::Relaxed))), ..options };
        let local = Local::with(options).await;
        let s3 = S3::start(&local.emulator).await;
        for name in ["site", "other"] {
            local.admin("POST", "/accounts/{A}/r2/buckets").json(&json!({"name": name})).send().await.result();
        }
        let place = Self { local, s3, clock };
        let parent = place.parent(WRITE).await;
        for key in ["a/1", "a/2", "b"] {
            place.s3.send(&parent.key(), Ask::new("PUT", &format!("/site/{key}")).body("x")).await.ok();
        }
        (place, parent)
    }

    async fn start() -> (Self, Minted) {
        Self::with(unlimited()).await
    }

    /// A user token with one group at the bucket `site`.
    async fn parent(&self, group: &str) -> Minted {
        let key = self.local.path("com.cloudflare.edge.r2.bucket.{A}_default_site");
        self.local.user_token(&[policy(json!({ key: "*" }), Scope::Bucket, &[group])]).await
    }

    /// The claims of a credential for `site`, which lives for an hour.
    fn claims(&self, parent: &Minted, more: &Value) -> Value {
        let at = self.clock.load(Ordering::Relaxed);
        let mut claims = json!({
            "bucket": "site", "scope": "object-read-write", "sub": self.local.facts.account_id.to_string(),
            "iss": parent.id, "aud": self.s3.address(), "iat": at, "exp": at + 3600,
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn signed(&self, parent: &Minted, more: &Value) -> Temporary {
        sign(&parent.key(), &self.claims(parent, more))
    }

    /// A credential of the API's.
    async fn issued(&self, parent: &Minted, more: &Value) -> Temporary {
        let mut wanted = json!({
            "bucket": "site", "parentAccessKeyId": parent.id, "permission": "object-read-write", "ttlSeconds": 3600,
        });
        for (name, value) in more.as_object().unwrap() {
            wanted[name] = value.clone();
        }
        let made = self.local.admin("POST", "/accounts/{A}/r2/temp-access-credentials").json(&wanted).send().await;
        let text = |name: &str| made.result()[name].as_str().unwrap().to_owned();
        let key = Key { id: text("accessKeyId"), secret: text("secretAccessKey") };
        Temporary { key, session: text("sessionToken") }
    }

    async fn send(&self, by: &Temporary, method: &str, path: &str) -> Reply {
        self.s3.send(&by.key, Ask::new(method, path).header("x-amz-security-token", &by.session)).await
    }

    async fn refused(&self, by: &Temporary, calls: &[(&str, &str)]) {
        for (method, path) in calls {
            self.send(by, method, path).await.refused(403, "AccessDenied");
        }
    }

    async fn admitted(&self, by: &Temporary, calls: &[(&str, &str)]) {
        for (method, path) in calls {
            self.send(by, method, path).await.ok();
        }
    }
}

/// What the documentation's example does, beside the emulator's own code.
fn sign(parent: &Key, claims: &Value) -> Temporary {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let text = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(parent.secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let jwt = format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    let secret = Sha256::digest(&jwt).iter().map(|byte| format!("{byte:02x}")).collect();
    Temporary { key: Key { id: parent.id.clone(), secret }, session: STANDARD.encode(format!("jwt/{jwt}")) }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[tokio::test]
async fn both_ways_reach_one_bucket() {
    let (place, parent) = Place::start().await;
    for by in [place.signed(&parent, &json!({})), place.issued(&parent, &json!({})).await] {
        assert_eq!(by.key.id, parent.id);
        place
            .admitted(
                &by,
                &[
                    ("PUT", "/site/new"),
                    ("GET", "/site/new"),
                    ("HEAD", "/site"),
                    ("GET", "/site?list-type=2"),
                    ("DELETE", "/site/new"),
                ],
            )
            .await;
        place
            .refused(
                &by,
                &[("GET", "/other/a"), ("PUT", "/other/a"), ("GET", "/"), ("PUT", "/made"), ("DELETE", "/site")],
            )
            .await;
        // The secret alone, the session token alone, and the parent's secret with it.
        place.s3.send(&by.key, Ask::new("GET", "/site/b")).await.refused(403, "SignatureDoesNotMatch");
        let mixed = Temporary { key: parent.key(), session: by.session.clone() };
        place.send(&mixed, "GET", "/site/b").await.refused(403, "SignatureDoesNotMatch");
        // A session token that is sent without being signed.
        let mut ask = Ask::new("GET", "/site/b").header("x-amz-security-token", &by.session);
        ask.unsigned = vec!["x-amz-security-token"];
        place.s3.send(&by.key, ask).await.refused(403, "AccessDenied");
        // A link carries it in its query.
        let session = by.session.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let path = |key: &str| format!("/site/{key}?X-Amz-Security-Token={session}");
        place.s3.send_presigned(&by.key, "GET", &path("b"), &amz_date(), 60).await.ok();
        place.s3.send_presigned(&by.key, "GET", "/site/b", &amz_date(), 60).await.refused(403, "SignatureDoesNotMatch");
    }
}

#[tokio::test]
async fn a_reader_reads_and_a_path_bounds() {
    let (place, parent) = Place::start().await;
    for by in [
        place.signed(&parent, &json!({"scope": "object-read-only"})),
        place.issued(&parent, &json!({"permission": "object-read-only"})).await,
    ] {
        place.admitted(&by, &[("GET", "/site/b"), ("HEAD", "/site/b"), ("GET", "/site?prefix=")]).await;
        place.refused(&by, &[("PUT", "/site/b"), ("DELETE", "/site/b"), ("POST", "/site/b?uploads")]).await;
    }
    for by in [
        place.signed(&parent, &json!({"paths": {"prefixPaths": ["a/"], "objectPaths": ["c"]}})),
        place.issued(&parent, &json!({"prefixes": ["a/"], "objects": ["c"]})).await,
    ] {
        place
            .admitted(
                &by,
                &[
                    ("GET", "/site/a/1"),
                    ("PUT", "/site/a/new"),
                    ("PUT", "/site/c"),
                    ("HEAD", "/site"),
                    ("GET", "/site?list-type=2&prefix=a%2F"),
                    ("GET", "/site?prefix=a%2F1"),
                    ("POST", "/site/a/big?uploads"),
                ],
            )
            .await;
        place
            .refused(
                &by,
                &[
                    ("GET", "/site/b"),
                    ("PUT", "/site/cc"),
                    ("PUT", "/site/a"),
                    ("GET", "/site?list-type=2"),
                    ("GET", "/site?list-type=2&prefix=a"),
                    ("GET", "/site?prefix=c"),
                    ("POST", "/site/d?uploads"),
                ],
            )
            .await;
        // A copy reads its source, and a removal of several is of each.
        let copy = |to: &str, from: &str| {
            let ask = Ask::new("PUT", to).header("x-amz-copy-source", from);
            ask.header("x-amz-security-token", &by.session)
        };
        place.s3.send(&by.key, copy("/site/a/2b", "/site/a/2")).await.ok();
        place.s3.send(&by.key, copy("/site/a/b", "/site/b")).await.refused(403, "AccessDenied");
        place.s3.send(&by.key, copy("/site/b", "/site/a/2")).await.refused(403, "AccessDenied");
        let several = "<Delete><Object><Key>a/2b</Key></Object><Object><Key>b</Key></Object></Delete>";
        let ask = Ask::new("POST", "/site?delete").body(several).header("x-amz-security-token", &by.session);
        let gone = place.s3.send(&by.key, ask).await;
        assert_eq!(
            (gone.ok().elements("Key"), gone.element("Code")),
            (vec!["a/2b".into(), "b".into()], "AccessDenied".into())
        );
        place.s3.send(&parent.key(), Ask::new("GET", "/site/b")).await.ok();
    }
}

#[tokio::test]
async fn actions_narrow_a_scope_or_stand_alone() {
    let (place, parent) = Place::start().await;
    let both = place.signed(&parent, &json!({"scope": "object-read-only", "actions": ["GetObject", "PutObject"]}));
    place.admitted(&both, &[("GET", "/site/b")]).await;
    place.refused(&both, &[("PUT", "/site/b"), ("GET", "/site?list-type=2")]).await;
    assert_eq!(place.send(&both, "HEAD", "/site/b").await.status, 403);
    let mut alone = place.claims(&parent, &json!({"actions": ["ListObjectsV1", "PutObject"]}));
    alone.as_object_mut().unwrap().remove("scope");
    let alone = sign(&parent.key(), &alone);
    place.admitted(&alone, &[("PUT", "/site/new"), ("GET", "/site?prefix=n")]).await;
    place.refused(&alone, &[("GET", "/site/b"), ("GET", "/site?list-type=2")]).await;
    // One of neither allows nothing.
    let mut neither = place.claims(&parent, &json!({}));
    neither.as_object_mut().unwrap().remove("scope");
    place.send(&sign(&parent.key(), &neither), "GET", "/site/b").await.refused(401, "Unauthorized");
}

#[tokio::test]
async fn none_exceeds_its_parent() {
    let (place, _) = Place::start().await;
    let parent = place.parent(READ).await;
    for by in [
        place.signed(&parent, &json!({"scope": "admin-read-write"})),
        place.issued(&parent, &json!({"permission": "admin-read-write"})).await,
    ] {
        place.admitted(&by, &[("GET", "/site/b")]).await;
        place.refused(&by, &[("PUT", "/site/b"), ("GET", "/site?location"), ("GET", "/other/a")]).await;
    }
    let elsewhere = place.signed(&parent, &json!({"bucket": "other"}));
    place.refused(&elsewhere, &[("GET", "/other/a"), ("GET", "/site/b")]).await;
    // A bucket's settings are for administrators, and those of other buckets for nobody.
    let admin = place.local.account_token(&[place.local.at_account(&["Workers R2 Storage Write"])]).await;
    let by = place.signed(&admin, &json!({"scope": "admin-read-only"}));
    place.admitted(&by, &[("GET", "/site?location"), ("GET", "/site/b")]).await;
    place.refused(&by, &[("PUT", "/site/b"), ("GET", "/other?location"), ("DELETE", "/site"), ("GET", "/")]).await;
    let object = place.signed(&admin, &json!({}));
    place.refused(&object, &[("GET", "/site?location"), ("GET", "/other/a")]).await;
}

#[tokio::test]
async fn it_ends_by_time_and_with_its_parent() {
    let (place, parent) = Place::start().await;
    let by = [place.signed(&parent, &json!({})), place.issued(&parent, &json!({})).await];
    for one in &by {
        place.admitted(one, &[("GET", "/site/b")]).await;
    }
    place.clock.fetch_add(3600, Ordering::Relaxed);
    for one in &by {
        place.send(one, "GET", "/site/b").await.refused(401, "Unauthorized");
    }
    let by = [place.signed(&parent, &json!({})), place.issued(&parent, &json!({})).await];
    let path = format!("/user/tokens/{}/value", parent.id);
    let value = place.local.admin("PUT", &path).json(&json!({})).send().await.result().as_str().unwrap().to_owned();
    for one in &by {
        place.send(one, "GET", "/site/b").await.refused(401, "Unauthorized");
    }
    let parent = Minted { value, ..parent };
    let by = [place.signed(&parent, &json!({})), place.issued(&parent, &json!({})).await];
    for one in &by {
        place.admitted(one, &[("GET", "/site/b")]).await;
    }
    place.local.admin("DELETE", &format!("/user/tokens/{}", parent.id)).send().await.result();
    for one in &by {
        place.send(one, "GET", "/site/b").await.refused(401, "Unauthorized");
    }
}

#[tokio::test]
async fn what_another_signed_or_for_elsewhere_is_not_taken() {
    let (place, parent) = Place::start().await;
    let other = place.parent(WRITE).await;
    let stranger = sign(&Key { id: parent.id.clone(), ..other.key() }, &place.claims(&parent, &json!({})));
    place.send(&stranger, "GET", "/site/b").await.refused(401, "Unauthorized");
    let rubbish = Temporary { key: parent.key(), session: "rubbish".to_owned() };
    place.send(&rubbish, "GET", "/site/b").await.refused(401, "Unauthorized");
    let false_claims = [json!({"iss": other.id}), json!({"sub": "0".repeat(32)}), json!({"aud": "r2.example.com"})];
    for claims in &false_claims {
        place.send(&place.signed(&parent, claims), "GET", "/site/b").await.refused(401, "Unauthorized");
    }
    let (place, parent) = Place::with(Options { session_claims: SessionClaims::Ignored, ..unlimited() }).await;
    for claims in &false_claims {
        place.admitted(&place.signed(&parent, claims), &[("GET", "/site/b")]).await;
    }
}

#[tokio::test]
async fn the_api_gives_them_to_those_who_may_write_r2() {
    let (place, parent) = Place::start().await;
    let local = &place.local;
    let path = "/accounts/{A}/r2/temp-access-credentials";
    let wanted =
        json!({"bucket": "site", "parentAccessKeyId": parent.id, "permission": "object-read-only", "ttlSeconds": 60});
    local.by(&parent, "POST", path).json(&wanted).send().await.refused(403, 10000);
    let admin = local.account_token(&[local.at_account(&["Workers R2 Storage Write"])]).await;
    let own = |mut wanted: Value| {
        wanted["parentAccessKeyId"] = admin.id.clone().into();
        wanted
    };
    let before = local.emulator.state_hash();
    local.by(&admin, "POST", path).json(&own(wanted.clone())).send().await.result();
    assert_eq!(local.emulator.state_hash(), before, "nothing is kept of it");
    // An account's token makes none of a user's.
    local.by(&admin, "POST", path).json(&wanted).send().await.refused(403, 10003);
    for (name, value, code) in [
        ("bucket", json!("No"), 10005),
        ("permission", json!("all"), 10040),
        ("ttlSeconds", json!(604_801), 10040),
        ("ttlSeconds", json!(0), 10040),
    ] {
        let mut bad = own(wanted.clone());
        bad[name] = value;
        local.by(&admin, "POST", path).json(&bad).send().await.refused(400, code);
    }
}
