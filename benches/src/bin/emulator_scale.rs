//! Lists and writes of the emulator beside up to 100,000 DNS records, 10,000 tokens, 100,000 objects and 10,000 custom
//! hostnames: medians of calls without a socket, authentication and JSON included. The promise: a list stays under 5 ms a page, and a
//! write is not slower than beside 100.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use flarekeep_emulator::{Emulator, Facts, Options, World};
use serde_json::{Value, json};
use tower::ServiceExt;

const RUNS: usize = 51;
const BOUND: Duration = Duration::from_millis(5);

struct Local {
    router: Router,
    facts: Facts,
    zone: String,
}

#[tokio::main]
async fn main() {
    let mut good = true;
    for records in [100, 1000, 10_000, 100_000] {
        let local = Local::new();
        local.fill(records).await;
        println!("{records} records in a zone");
        let pages = records.div_ceil(100);
        let half = format!("n{:06}.example.com", records / 2);
        for (what, query) in [
            ("first page", String::new()),
            ("last page, by name", format!("order=name&page={pages}")),
            (
                "page in the middle, by content, backward",
                format!("order=content&direction=desc&page={}", pages.div_ceil(2)),
            ),
            ("page in the middle, by ttl", format!("order=ttl&page={}", pages.div_ceil(2))),
            ("name", format!("name={half}")),
            ("name.startswith", "name.startswith=n0000".to_owned()),
            ("name.contains", "name.contains=00099".to_owned()),
            ("content.contains, none found", "content.contains=absent".to_owned()),
            ("type and proxied, last page", format!("type=A&proxied=false&page={pages}")),
        ] {
            let path = format!("/zones/{}/dns_records?{query}", local.zone);
            good &= report(what, local.time("GET", &path, |_| None).await, Some(BOUND));
        }
        let path = format!("/zones/{}/dns_records", local.zone);
        let body = |run| Some(json!({"type": "A", "name": format!("late{run}"), "content": "203.0.113.1"}));
        report("a write", local.time("POST", &path, body).await, None);
    }
    for tokens in [100, 1000, 10_000] {
        good &= of_tokens(tokens).await;
    }
    for objects in [100, 10_000, 100_000] {
        good &= of_objects(objects).await;
    }
    for hostnames in [100, 1000, 10_000] {
        of_hostnames(hostnames).await;
    }
    std::process::exit(i32::from(!good));
}

async fn of_tokens(tokens: usize) -> bool {
    let local = Local::new();
    let group = flarekeep_catalogue::resolve("DNS Read").unwrap().0.id.unwrap().to_string();
    let resources = json!({format!("com.cloudflare.api.account.zone.{}", local.zone): "*"});
    let policy = json!({"effect": "allow", "resources": resources, "permission_groups": [{"id": group}]});
    let body = json!({"name": "bench", "policies": [policy]});
    for _ in 0..tokens {
        local.call("POST", "/user/tokens", Some(&body)).await;
    }
    println!("{tokens} tokens of a user");
    let mut good = true;
    for page in [1, tokens / 50] {
        let path = format!("/user/tokens?per_page=50&page={page}");
        good &= report(&format!("page {page}"), local.time("GET", &path, |_| None).await, Some(BOUND));
    }
    report("a write", local.time("POST", "/user/tokens", |_| Some(body.clone())).await, None);
    good
}

async fn of_objects(objects: usize) -> bool {
    let local = Local::new();
    let buckets = format!("/accounts/{}/r2/buckets", local.facts.account_id);
    local.call("POST", &buckets, Some(&json!({"name": "bench"}))).await;
    let own = format!("{buckets}/bench/objects");
    for n in 0..objects {
        local.call("PUT", &format!("{own}/f{}/o{n:06}", n % 100), Some(&json!(n))).await;
    }
    println!("{objects} objects in a bucket");
    let mut good = true;
    for (what, query) in [
        ("first page of 1,000", "per_page=1000"),
        ("page of 1,000 after the middle", "per_page=1000&start_after=f50"),
        ("prefix, 100", "per_page=100&prefix=f99/"),
        ("delimiter: 100 folders", "delimiter=/"),
    ] {
        good &= report(what, local.time("GET", &format!("{own}?{query}"), |_| None).await, Some(BOUND));
    }
    let mut writes = Vec::new();
    for run in 0..RUNS {
        writes.push(local.call("PUT", &format!("{own}/late{run}"), Some(&json!(run))).await);
    }
    writes.sort_unstable();
    report("a write", writes[RUNS / 2], None);
    good
}

/// Each list and each write of DNS asks where they stand.
async fn of_hostnames(hostnames: usize) {
    let local = Local::new();
    let own = format!("/zones/{}/custom_hostnames", local.zone);
    for n in 0..hostnames {
        let body = json!({"hostname": format!("shop{n}.customer.test"), "ssl": {"method": "txt", "type": "dv"}});
        local.call("POST", &own, Some(&body)).await;
    }
    println!("{hostnames} custom hostnames of a zone");
    for (what, query) in [("first page of 50", "per_page=50"), ("pending alone", "per_page=50&hostname_status=pending")]
    {
        report(what, local.time("GET", &format!("{own}?{query}"), |_| None).await, None);
    }
    let records = format!("/zones/{}/dns_records", local.zone);
    let body = |run| Some(json!({"type": "A", "name": format!("late{run}"), "content": "203.0.113.1"}));
    report("a write of DNS", local.time("POST", &records, body).await, None);
    let body =
        |run| Some(json!({"hostname": format!("late{run}.customer.test"), "ssl": {"method": "txt", "type": "dv"}}));
    report("one more hostname", local.time("POST", &own, body).await, None);
}

impl Local {
    fn new() -> Self {
        let mut options = Options { rate_limit: None, tokens_per_user: usize::MAX, ..Options::default() };
        options.hostnames.hard_cap = usize::MAX;
        let emulator = Emulator::new(World::generated(), options);
        let facts = emulator.facts();
        let zone = facts.zones[0].id.to_string();
        Self { router: emulator.router(), facts, zone }
    }

    async fn fill(&self, records: usize) {
        let all: Vec<usize> = (0..records).collect();
        for batch in all.chunks(2000) {
            let record = |n: &usize| {
                let content = format!("203.0.{}.{}", n / 256 % 256, n % 256);
                json!({"type": "A", "name": format!("n{n:06}"), "content": content, "ttl": 60 + n % 1000})
            };
            let posts: Vec<Value> = batch.iter().map(record).collect();
            let path = format!("/zones/{}/dns_records/batch", self.zone);
            self.call("POST", &path, Some(&json!({"posts": posts}))).await;
        }
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Duration {
        let request = Request::builder()
            .method(method)
            .uri(format!("/client/v4{path}"))
            .header("x-auth-email", &self.facts.email)
            .header("x-auth-key", &self.facts.global_key)
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
        let began = Instant::now();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (status, body) = (answer.status(), to_bytes(answer.into_body(), usize::MAX).await.unwrap());
        let took = began.elapsed();
        assert!(status == 200 || status == 201, "{status} {method} {path}: {}", String::from_utf8_lossy(&body));
        took
    }

    /// The median of some calls.
    async fn time(&self, method: &str, path: &str, body: impl Fn(usize) -> Option<Value>) -> Duration {
        let mut times = Vec::new();
        for run in 0..RUNS {
            times.push(self.call(method, path, body(run).as_ref()).await);
        }
        times.sort_unstable();
        times[RUNS / 2]
    }
}

/// Prints a median, and says whether it is within its bound.
fn report(what: &str, took: Duration, bound: Option<Duration>) -> bool {
    let good = bound.is_none_or(|bound| took < bound);
    println!("  {:<44} {:>10.3} ms{}", what, took.as_secs_f64() * 1000.0, if good { "" } else { "   MISS" });
    good
}
