//! Whatever reads what anybody may have written: it answers or refuses, and never panics, whatever it is given.
//!
//! Each target also holds what a caller relies on: that what is said of a text shows no control character, and that a
//! fault is within the text.

mod emulator;
mod leaks;
mod proxy;

use flarekeep_catalogue::{Recipe, recognise};
use flarekeep_diagnosis::pasted;
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
        name: "pasted",
        run: |data| {
            with_text(data, |text| {
                let read = pasted::read(text);
                assert!(read.len() <= pasted::MOST);
                for refusal in &read {
                    refusal.errors.iter().for_each(|said| harmless(&said.message));
                    harmless(refusal.path.as_deref().unwrap_or_default());
                    assert!(pasted::operations(refusal).len() <= 5);
                }
            });
        },
        texts: &[
            r#"{"success":false,"errors":[{"code":6003,"message":"x","error_chain":[{"code":6111,"message":"y"}]}]}"#,
            r#"x {\"errors\":[{\"code\":10000,\"message\":\"a\"}]} {'code': 1, 'message': 'b'} { code: 2, message: 'c' }"#,
            "curl -X POST api.cloudflare.com/client/v4/zones -H 'Authorization: Bearer \"x\"'\n< HTTP/2 403\n<Error><Code>AccessDenied</Code></Error>",
            "\u{1b}[31m│ Error: error creating x: y denied (10000)\n│   with cloudflare_record.a,\n[{Code:6003 Message:a ErrorChain:[]}]",
        ],
        files: &[
            "examples/logs/certbot-6003.txt",
            "examples/logs/curl-6111.txt",
            "examples/logs/rclone-403.txt",
            "examples/logs/terraform-1001.txt",
            "examples/logs/wrangler-10000.txt",
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
    Target {
        name: "leaks",
        run: leaks::texts,
        texts: &[
            "services:\n  - name: CF_API_TOKEN\n    value: \"~a\"\n# cloudflare\nenv CF_API_KEY=%3Dabc\\n",
            "variable \"cloudflare_api_token\" {\n  type = string\n  default = \"cfut_~a0a1b2c3d\"\n}\nTOKEN: >-\n  x # flarekeep:allow for a reason\n",
            "[media]\ntype = s3\nprovider = Cloudflare\naccess_key_id = 0123\nsecret_access_key = ~h\nendpoint = https://x.r2.cloudflarestorage.com\n",
            "GET https://api.cloudflare.com/client/v4/zones\nAuthorization: Bearer ~a\nX-Auth-Email: a@b.example\nX-Auth-Key: cfk_~a0a1b2c3d\n",
            "ExecStart=cloudflared tunnel run --token eyJhIjoi~a~a\nservice-key: v1.0-0123456789abcdef01234567-~h~h0123456789abcdef01\nCF_ACCESS_CLIENT_SECRET: cfast_~h\n",
        ],
        files: &[],
    },
    Target {
        name: "archives",
        run: leaks::archives,
        texts: &["PATH=/bin\0CF_API_TOKEN=x\0HOME=/\0"],
        files: &["fuzz/seeds/names.tar", "fuzz/seeds/text.tar.gz", "fuzz/seeds/nested.zip"],
    },
    Target {
        name: "front",
        run: emulator::api,
        texts: &[
            "GET /client/v4/zones?name=example.com&page=2&per_page=5\n\n",
            "GET /client/v4/accounts/0123456789abcdef0123456789abcdef/logs/audit?since=2026-01-01&before=2027-01-01&limit=2\n\n",
            "POST /client/v4/zones/fedcba9876543210fedcba9876543210/dns_records\n\n{\"type\":\"SRV\",\"name\":\"_a._tcp\",\"data\":{\"priority\":1,\"weight\":2,\"port\":3,\"target\":\"a.example.com\"},\"ttl\":1}",
            "POST /client/v4/zones/fedcba9876543210fedcba9876543210/dns_records/batch\n\n{\"posts\":[{\"type\":\"A\",\"name\":\"a\",\"content\":\"203.0.113.1\"}],\"deletes\":[]}",
            "POST /client/v4/zones/fedcba9876543210fedcba9876543210/dns_records/import\ncontent-type: multipart/form-data; boundary=b\n\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n$ORIGIN example.com.\nwww 300 IN A 203.0.113.1\n@ 1 IN MX 10 mail.example.com.\n\r\n--b--\r\n",
            "POST /client/v4/zones/fedcba9876543210fedcba9876543210/custom_hostnames\n\n{\"hostname\":\"www.acme.test\",\"ssl\":{\"method\":\"http\",\"type\":\"dv\",\"settings\":{\"min_tls_version\":\"1.2\"}}}",
            "POST /client/v4/zones/fedcba9876543210fedcba9876543210/purge_cache\n\n{\"files\":[\"https://example.com/a\"]}",
            "PATCH /client/v4/zones/fedcba9876543210fedcba9876543210/settings/ssl\n\n{\"value\":\"strict\"}",
            "POST /client/v4/user/tokens\n\n{\"name\":\"a\",\"policies\":[{\"effect\":\"allow\",\"resources\":{\"com.cloudflare.api.account.0123456789abcdef0123456789abcdef\":{\"com.cloudflare.api.account.zone.*\":\"*\"}},\"permission_groups\":[{\"id\":\"4755a26eedb94da69e1066d98aa820be\"}]}],\"condition\":{\"request_ip\":{\"in\":[\"203.0.113.0/24\"]}},\"expires_on\":\"2027-01-31T00:00:00Z\"}",
            "PUT /client/v4/accounts/0123456789abcdef0123456789abcdef/storage/kv/namespaces/x/bulk\n\n[{\"key\":\"a\",\"value\":\"eA==\",\"base64\":true,\"expiration_ttl\":60}]",
            "POST /client/v4/accounts/0123456789abcdef0123456789abcdef/d1/database\n\n{\"name\":\"a\"}",
            "POST /client/v4/graphql\n\n{\"query\":\"{ viewer { zones(filter: {zoneTag: \\\"fedcba9876543210fedcba9876543210\\\"}) { zoneTag } } }\",\"variables\":{}}",
            "PUT /client/v4/accounts/0123456789abcdef0123456789abcdef/r2/buckets/a/objects/b%2Fc\ncontent-type: text/plain\n\nx",
        ],
        files: &[],
    },
    Target {
        name: "form",
        run: emulator::form,
        texts: &[
            "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"main_module\":\"a.js\",\"bindings\":[{\"type\":\"secret_text\",\"name\":\"A\",\"text\":\"b\"}],\"compatibility_date\":\"2026-08-01\"}\r\n--b\r\nContent-Disposition: form-data; name=\"a.js\"; filename=\"a.js\"\r\nContent-Type: application/javascript+module\r\n\r\nexport default {}\r\n--b--\r\n",
        ],
        files: &[],
    },
    Target {
        name: "s3",
        run: emulator::s3,
        texts: &[
            "PUT /fuzz/a/b\nx-amz-meta-a: b\ncontent-type: text/plain\nif-none-match: *\n\nx",
            "GET /fuzz?list-type=2&prefix=a&delimiter=%2F&max-keys=2&encoding-type=url\n\n",
            "GET /fuzz/a/b\nrange: bytes=0-0\nif-match: \"x\"\n\n",
            "POST /fuzz?delete\ncontent-type: application/xml\n\n<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a&amp;b</Key></Object><Quiet>true</Quiet></Delete>",
            "POST /fuzz/a?uploadId=0\n\n<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"x\"</ETag></Part></CompleteMultipartUpload>",
            "PUT /fuzz?cors\n\n<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>",
            "PUT /fuzz?lifecycle\n\n<LifecycleConfiguration><Rule><ID>a</ID><Filter><Prefix>a</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
            "PUT /fuzz/c\nx-amz-copy-source: /fuzz/a%2Fb\nx-amz-metadata-directive: REPLACE\n\n",
        ],
        files: &[],
    },
    Target {
        name: "strangers",
        run: proxy::strangers,
        texts: &[
            "CONNECT api.cloudflare.com:443 HTTP/1.1\r\nhost: api.cloudflare.com:443\r\n\r\n",
            "CONNECT api.cloudflare.com:443 HTTP/1.1\r\nproxy-authorization: Basic Zmxhcmo6eA==\r\n\r\nGET /client/v4/user HTTP/1.1\r\nhost: api.cloudflare.com\r\n\r\n",
            "GET http://api.cloudflare.com/client/v4/user HTTP/1.1\r\nhost: api.cloudflare.com\r\n\r\n",
            "POST /0123/client/v4/user/tokens HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /client/v4/user HTTP/1.1\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ],
        files: &[],
    },
    Target {
        name: "proxy",
        run: proxy::front,
        texts: &[
            "CONNECT api.cloudflare.com:443 HTTP/1.1\r\nproxy-authorization: ~s\r\n\r\n",
            "CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: 127.0.0.1:1\r\nproxy-authorization: ~s\r\n\r\n",
            "POST /~p/client/v4/user/tokens?a=b HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\ncontent-length: 2\r\n\r\n{}GET /~p/client/v4/user HTTP/1.1\r\n\r\n",
            "PUT /~p/client/v4/a HTTP/1.1\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\ntrailer: x\r\n\r\n",
        ],
        files: &[],
    },
    Target {
        name: "tunnel",
        run: proxy::tunnel,
        texts: &[
            "GET /client/v4/zones?name=a%20b HTTP/1.1\r\nhost: api.cloudflare.com\r\nauthorization: Bearer x\r\nconnection: close, x\r\nx: 1\r\n\r\n",
            "POST /client/v4/graphql HTTP/1.1\r\nhost: api.cloudflare.com\r\ncontent-length: 30\r\n\r\n{\"query\":\"{viewer{zones{x}}}\"}",
            "POST https://api.cloudflare.com/client/v4/a HTTP/1.1\r\nhost: api.cloudflare.com:443\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n2\r\n{}\r\n0\r\n\r\nTRACE / HTTP/1.1\r\n\r\n",
            "OPTIONS * HTTP/1.0\r\n\r\n",
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
