//! Whatever reads what anybody may have written: it answers or refuses, and never panics, whatever it is given.
//!
//! Each target also holds what a caller relies on: that what is said of a text shows no control character, and that a
//! fault is within the text.

use flarekeep_catalogue::{Recipe, recognise};
use flarekeep_planner::source::calls::Failed;
use flarekeep_planner::source::{Reading, SourceError, har, log, recording, shell, terraform, workflow, wrangler};
use flarekeep_planner::{PlanDocument, verify_file};
use flarekeep_policy::{Batch, UnixSeconds, document};

/// One reader.
pub struct Target {
    /// What it is called in `FLAREKEEP_TARGET`.
    pub name: &'static str,
    /// Reads a text, and panics where the reader does not keep what it promises.
    pub run: fn(&[u8]),
    /// Texts to begin with.
    pub texts: &'static [&'static str],
    /// Files of the repository to begin with.
    pub files: &'static [&'static str],
}

/// All readers.
pub const TARGETS: &[Target] = &[
    Target {
        name: "recipe",
        run: |data| {
            with_text(data, |text| match Recipe::parse("fuzz", text) {
                Ok(recipe) => assert!(recipe.needs().count() <= recipe.all_needs.len()),
                Err(error) => harmless(&error.to_string()),
            });
        },
        texts: &[],
        files: &["catalogue/recipes/saas-platform.toml", "catalogue/recipes/wrangler-deploy.toml"],
    },
    Target {
        name: "recognise",
        run: |data| {
            with_text(data, |text| match recognise(text) {
                Ok(found) => harmless(&found.name),
                Err(error) => harmless(&error.to_string()),
            });
        },
        texts: &[
            "curl -X POST \"https://api.cloudflare.com/client/v4/zones/$ZONE/dns_records\" -H 'Authorization: Bearer x' --data '{}'",
            "PUT /zones/{zone_id}/dns_records/{id}",
            "s3:PutObject",
            "cloudflare_workers_route",
            "client.dns.records.update",
        ],
        files: &[],
    },
    Target {
        name: "har",
        run: |data| source(data, har::read("fuzz", data, Failed::Include)),
        texts: &[
            r#"{"log":{"entries":[{"request":{"method":"GET","url":"/zones?name=a"},"response":{"status":200,"content":{"text":"{}"}}}]}}"#,
        ],
        files: &["examples/har/release.har"],
    },
    Target {
        name: "recording",
        run: |data| source(data, recording::read("fuzz", data, Failed::Include)),
        texts: &[
            r#"{"method":"PUT","url":"http://127.0.0.1:9000/media/a","status":403,"errors":[10000],"operation":"PUT s3://{bucket_name}/{object_key}"}"#,
            r#"{"method":"GET","url":"https://media.023e105f4ecef8ad9ca31a8372d0c353.eu.r2.cloudflarestorage.com/?list-type=2"}"#,
        ],
        files: &[],
    },
    Target {
        name: "log",
        run: |data| source(data, log::read("fuzz", data, Failed::Only, None)),
        texts: &[],
        files: &[
            "crates/planner/src/source/log/samples/audit.json",
            "crates/planner/src/source/log/samples/curl-trace.log",
            "crates/planner/src/source/log/samples/curl-v.log",
            "crates/planner/src/source/log/samples/python.log",
            "crates/planner/src/source/log/samples/terraform-4.log",
            "crates/planner/src/source/log/samples/terraform-5.log",
            "crates/planner/src/source/log/samples/wrangler.log",
        ],
    },
    Target {
        name: "terraform",
        run: |data| source(data, terraform::read_json("plan.json", data)),
        texts: &[
            "{\"version\":4,\"resources\":[{\"mode\":\"managed\",\"type\":\"cloudflare_record\",\"instances\":[{}]}]}",
        ],
        files: &["examples/dns/plan.json"],
    },
    Target {
        name: "hcl",
        run: |data| {
            with_text(data, |text| source(data, terraform::read_hcl(&[("main.tf".to_owned(), text.to_owned())])));
        },
        texts: &["locals {\n  a = { b = \"${local.a}\", c = <<-X\n  X\n  }\n}\n"],
        files: &["examples/dns/main.tf"],
    },
    Target {
        name: "workflow",
        run: |data| with_text(data, |text| source(data, workflow::read("deploy.yml", text))),
        texts: &[
            "jobs:\n  a:\n    steps: &s\n      - uses: cloudflare/wrangler-action@v3\n        with: {command: deploy}\n  b: {steps: *s}\n",
        ],
        files: &["examples/workflow/deploy.yml"],
    },
    Target {
        name: "shell",
        run: |data| with_text(data, |text| source(data, shell::read("deploy.sh", text))),
        texts: &[
            "if x; then cd a && npx wrangler deploy --env \"$E\"; fi\ncat <<E | curl -d @- https://api.cloudflare.com/client/v4/zones/$Z/purge_cache\nE\n",
            "A=$(terraform output) certbot certonly --dns-cloudflare -d 'example.com'\nfor b in a b; do rclone sync . r2:$b; done\n",
        ],
        files: &[],
    },
    Target {
        name: "wrangler",
        run: |data| {
            with_text(data, |text| {
                for name in ["wrangler.toml", "wrangler.jsonc"] {
                    for environment in [None, Some("staging")] {
                        let asked = wrangler::Asked { environment, ..wrangler::Asked::default() };
                        source(data, wrangler::read(name, text, &asked));
                    }
                }
            });
        },
        texts: &[
            "name = 'a'\nroute = 'example.com/*'\n[[kv_namespaces]]\nbinding = 'A'\n[env.staging.triggers]\ncrons = ['* * * * *']\n",
        ],
        files: &["examples/worker/wrangler.jsonc"],
    },
    Target {
        name: "plan",
        run: |data| {
            with_text(data, |text| match PlanDocument::parse(text) {
                Ok(file) => {
                    let report = verify_file(&file);
                    report.faults.iter().for_each(|fault| harmless(&fault.to_string()));
                    report.changes.iter().for_each(|change| harmless(&change.to_string()));
                }
                Err(error) => {
                    harmless(&error.to_string());
                    assert!((1..=text.split('\n').count() + 1).contains(&error.line), "{error}");
                }
            });
        },
        texts: &[
            "{\"format\":1,\"owner\":{\"user\":\"000000000000000000000000000000c1\"},\"needs\":[{\"operation\":\"POST /zones/{zone_id}/dns_records\",\"resource\":\"com.cloudflare.api.account.zone.000000000000000000000000000000b1\",\"account\":null,\"zone\":\"000000000000000000000000000000b1\",\"why\":\"\",\"origin\":\"\",\"provenance\":\"schema\"}],\"grants\":[{\"group\":\"DNS Write\",\"id\":\"4755a26eedb94da69e1066d98aa820be\",\"scope\":\"zone\",\"resource\":\"com.cloudflare.api.account.zone.000000000000000000000000000000b1\",\"needs\":[0],\"sole\":[0],\"inferred\":false,\"weight\":2790000}],\"policies\":[{\"effect\":\"allow\",\"resources\":{\"com.cloudflare.api.account.zone.000000000000000000000000000000b1\":\"*\"},\"permission_groups\":[{\"id\":\"4755a26eedb94da69e1066d98aa820be\",\"name\":\"DNS Write\"}]}],\"free\":[],\"unproven\":[],\"inferred\":[],\"impossible\":[],\"certificate\":{\"weight\":2790000,\"bound\":2790000,\"optimal\":true,\"witness\":{\"kind\":\"packing\",\"amounts\":[{\"need\":{\"need\":0},\"amount\":2790000}],\"bound\":2790000},\"facts\":{\"operations\":[{\"operation\":\"POST /zones/{zone_id}/dns_records\",\"rule\":\"any-of\",\"accepts\":[0],\"provenance\":\"schema\"}],\"groups\":[{\"group\":\"DNS Write\",\"id\":\"4755a26eedb94da69e1066d98aa820be\",\"scope\":\"zone\",\"provenance\":\"published\"}]}}}",
        ],
        files: &[],
    },
    Target {
        name: "token",
        run: |data| {
            with_text(data, |text| match document::read(text) {
                Ok(token) => drop(format!("{token:?}")),
                Err(error) => {
                    harmless(&error.to_string());
                    assert!((1..=text.split('\n').count() + 1).contains(&error.line), "{error}");
                }
            });
        },
        texts: &[TOKEN],
        files: &[],
    },
    Target {
        name: "batch",
        run: |data| {
            let mut answers = String::new();
            let tally = Batch::new(UnixSeconds(1_795_000_000)).answer_lines(data, 1, &mut answers);
            assert_eq!(answers.lines().count() as u64, tally.lines, "an answer for each line");
            answers.lines().for_each(harmless);
        },
        texts: &[
            "{\"token\":{\"policies\":[{\"effect\":\"allow\",\"resources\":{\"com.cloudflare.api.account.zone.*\":\"*\"},\"permission_groups\":[{\"id\":\"4755a26eedb94da69e1066d98aa820be\"}]}]},\"method\":\"POST\",\"path\":\"/zones/000000000000000000000000000000b1/dns_records\",\"account\":\"000000000000000000000000000000a1\",\"user\":\"000000000000000000000000000000c1\",\"ip\":\"203.0.113.7\",\"at\":\"2026-11-22T00:00:00Z\"}\n{}\n",
        ],
        files: &[],
    },
];

/// A token as the API returns it.
const TOKEN: &str = "{\"success\":true,\"result\":{\"id\":\"000000000000000000000000000000d1\",\"name\":\"ci\",\"status\":\"active\",\"policies\":[{\"effect\":\"deny\",\"resources\":{\"com.cloudflare.api.account.000000000000000000000000000000a1\":{\"com.cloudflare.api.account.zone.*\":\"*\"}},\"permission_groups\":[{\"id\":\"4755a26eedb94da69e1066d98aa820be\",\"name\":\"DNS Write\"}]}],\"condition\":{\"request_ip\":{\"in\":[\"203.0.113.0/24\"],\"not_in\":[]}},\"expires_on\":\"2027-01-31T00:00:00Z\"}}";

/// What holds of every source of needs.
fn source(data: &[u8], read: Result<Reading, SourceError>) {
    let lines = data.split(|byte| *byte == b'\n').count();
    match read {
        Ok(reading) => {
            for said in reading.unread.iter().chain(&reading.left_out) {
                harmless(&said.what);
            }
            for need in &reading.needs {
                harmless(&need.why);
                assert!(need.origin.line.is_none_or(|line| (1..=lines).contains(&line)), "{}", need.origin);
            }
        }
        Err(error) => {
            harmless(&error.to_string());
            assert!(error.line.is_none_or(|line| (1..=lines + 1).contains(&line)), "{error}");
        }
    }
}

/// Runs with the data as a text, if it is one.
fn with_text(data: &[u8], run: impl FnOnce(&str)) {
    if let Ok(text) = std::str::from_utf8(data) {
        run(text);
    }
}

/// What is said of a text is safe on a terminal.
fn harmless(said: &str) {
    assert!(!said.chars().any(flarekeep_catalogue::is_hostile), "{said:?}");
}
