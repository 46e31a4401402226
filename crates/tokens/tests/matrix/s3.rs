//! The S3 face: every operation of it under a pair of credentials with one fault, signed as Amazon documents it.

use flarekeep_catalogue::{Group, Operation, Scope, groups, operations};
use flarekeep_diagnosis::Refusal;
use flarekeep_planner::Target;
use flarekeep_policy::{BucketKey, Grant, Policy, Resource};
use flarekeep_tokens::token_from_wire;
use ring::hmac::{HMAC_SHA256, Key, sign};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::fault::Fault;
use crate::local::{ACCOUNT, Answer, Local};
use crate::tally::{Tally, Told};
use crate::walk::{Walk, cause_of};

/// A bucket of another jurisdiction.
const ELSEWHERE: &str = "archive";

/// Calls every operation with every fault.
pub(crate) async fn walk(local: &Local, tally: &mut Tally) {
    for operation in operations().iter().filter(|operation| operation.is_s3()) {
        for of_account in [false, true] {
            for fault in Fault::of_s3() {
                let told = with(local, operation, of_account, fault).await;
                told.into_iter().for_each(|told| tally.add(fault, &format!("{operation} {of_account}"), &told));
            }
        }
    }
}

/// One call; none where the fault cannot be.
async fn with(local: &Local, operation: &'static Operation, of_account: bool, fault: Fault) -> Option<Told> {
    let named = if fault == Fault::S3OtherJurisdiction { ELSEWHERE } else { "site" };
    let bucket = operation.names_bucket().then(|| key(named, "default"));
    let target = Target { account: Some(ACCOUNT), bucket, ..Target::default() };
    let walk = Walk::at(local, operation, target.clone(), of_account)?;
    let made = walk.made(fault, &faulty(&walk, fault)?).await.unwrap();
    let engine = token_from_wire(&made.token, walk.wire).unwrap();
    let value = made.value.expose_secret();
    let mut pair = Pair { id: made.token.id.to_string(), secret: hex(&Sha256::digest(value)) };
    match fault {
        Fault::S3WrongSecret => pair.secret = hex(&Sha256::digest(format!("{value}0"))),
        Fault::S3UnknownKey => pair.id = "0123456789abcdef".repeat(2),
        Fault::S3ValueAsKey => pair.id = value.to_owned(),
        _ => {}
    }
    let address = local.running.s3_endpoint().unwrap();
    let address = address.trim_start_matches("http://");
    let answer = call(local, operation, named, &pair, address).await;
    let truth = fault.truth().or_else(|| cause_of(&engine, &walk.need(&target)))?;
    let refusal =
        Refusal { credential: None, ..walk.refusal(&target, &answer).unwrap_or_else(|| panic!("{answer:?}")) };
    let (alone, live) = (local.alone(&refusal), local.live(&refusal, value).await);
    if fault == Fault::S3OtherJurisdiction {
        // The endpoint that is named is the one.
        let advice = &live.mend.as_ref().unwrap().advice;
        let host = format!("{ACCOUNT}.eu.r2.cloudflarestorage.com");
        assert!(live.cause() == truth && advice.contains(&host), "{:?} {advice}", live.findings);
        let there = call(local, operation, named, &pair, &host).await;
        assert_ne!(there, answer, "{operation}: the bucket is there");
    }
    walk.mends(&live, &engine, &target, truth);
    local.admin.tokens(walk.wire).delete(made.token.id).await.unwrap();
    Some(Told { truth, alone, live })
}

/// The policies with the fault; none where it cannot be.
fn faulty(walk: &Walk<'_>, fault: Fault) -> Option<Vec<Policy>> {
    let mut policies = walk.policies.clone();
    for policy in &mut policies {
        let scope = policy.known_groups().next()?.scope;
        let resources = |resource| vec![resource];
        match fault {
            Fault::S3NoGroup => {
                let other = groups().iter().find(|group| {
                    group.scope == Scope::Account && group.id.is_some() && !walk.operation.accepts_group(group)
                })?;
                (policy.groups, policy.resources) = (vec![Grant::Group(other)], resources(Resource::Account(ACCOUNT)));
            }
            Fault::S3OtherBucket if scope == Scope::Bucket => {
                policy.resources = resources(Resource::Bucket(key("other", "default")));
            }
            Fault::S3OtherJurisdiction if scope == Scope::Bucket => {
                policy.resources = resources(Resource::Bucket(key(ELSEWHERE, "eu")));
            }
            Fault::S3BucketTokenForTheAccount if scope == Scope::Account => {
                policy.groups = vec![Grant::Group(group("Workers R2 Storage Bucket Item Write"))];
                policy.resources = resources(Resource::Bucket(key("site", "default")));
            }
            Fault::S3ReadOnly => {
                let reads = match scope {
                    Scope::Bucket => "Workers R2 Storage Bucket Item Read",
                    _ => "Workers R2 Storage Read",
                };
                policy.groups = vec![Grant::Group(group(reads))];
                if walk.operation.accepts_group(group(reads)) {
                    return None;
                }
            }
            Fault::S3OtherBucket | Fault::S3OtherJurisdiction | Fault::S3BucketTokenForTheAccount => return None,
            _ => {}
        }
    }
    Some(policies)
}

struct Pair {
    id: String,
    secret: String,
}

/// A signed call without a body.
async fn call(local: &Local, operation: &Operation, bucket: &str, pair: &Pair, host: &str) -> Answer {
    let path = operation.path().strip_prefix("s3:/").unwrap();
    let path = path.replace("{bucket_name}", bucket).replace("{object_key}", "key");
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    // The names that the catalogue has, with a value where a client has one.
    let query = query.split('&').filter(|name| !name.is_empty()).map(|name| match name {
        "partNumber" => "partNumber=1".to_owned(),
        "uploadId" => "uploadId=nothing".to_owned(),
        name if name.contains('=') => name.to_owned(),
        name => format!("{name}="),
    });
    let query = query.collect::<Vec<_>>().join("&");
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let (day, payload) = (&time[..8], hex(&Sha256::digest("")));
    let scope = format!("{day}/auto/s3/aws4_request");
    let names = "host;x-amz-content-sha256;x-amz-date";
    let method = operation.method.as_str();
    let canonical = format!(
        "{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{payload}\nx-amz-date:{time}\n\n{names}\n{payload}"
    );
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(&canonical)));
    let mut secret = format!("AWS4{}", pair.secret).into_bytes();
    for step in [day, "auto", "s3", "aws4_request", &to_sign] {
        secret = sign(&Key::new(HMAC_SHA256, &secret), step.as_bytes()).as_ref().to_vec();
    }
    let signature = hex(&secret);
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", pair.id);
    let headers = [
        ("host", host.to_owned()),
        ("x-amz-content-sha256", payload),
        ("x-amz-date", time),
        ("authorization", authorization),
    ];
    let mark = if query.is_empty() { "" } else { "?" };
    let url = format!("{}{path}{mark}{query}", local.running.s3_endpoint().unwrap());
    local.send(method, &url, &headers, "").await
}

fn key(name: &str, jurisdiction: &str) -> BucketKey {
    BucketKey { account: ACCOUNT, jurisdiction: jurisdiction.to_owned(), name: name.to_owned() }
}

fn group(name: &str) -> &'static Group {
    groups().iter().find(|group| group.name == name).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
