//! `examples/leaks`: credentials of every kind, of nobody, in files as they leak, in an archive: as text they would stop whoever
//! pushes this repository where something guards against leaks. They are drawn and packed here, so that the archive never
//! drifts from what a scan finds.

use std::io::Read;
use std::path::{Path, PathBuf};

use flarekeep_scan::walk::{Options, walk};
use flate2::read::GzDecoder;

use crate::archives::{gzip, tar};
use crate::plant::{Draw, RULES, base64};

/// A file of the example: its name, its text with `RULE` in braces where a value stands, and the lines of the findings.
type File = (&'static str, &'static str, &'static [(&'static str, u64)]);

const FILES: [File; 12] = [
    (
        ".env",
        "# Production. Do not commit!\nCLOUDFLARE_ACCOUNT_ID={id}\nCLOUDFLARE_API_TOKEN={user-token}\nLOG_LEVEL=info\n",
        &[("user-token", 3)],
    ),
    (
        "api.http",
        "### List the zones\nGET https://api.cloudflare.com/client/v4/zones?per_page=50\nAuthorization: Bearer {legacy-token}\nAccept: application/json\n",
        &[("legacy-token", 3)],
    ),
    (
        "cloudflared.service",
        "[Unit]\nDescription=cloudflared\nAfter=network-online.target\n\n[Service]\nExecStart=/usr/bin/cloudflared --no-autoupdate tunnel run --token {tunnel-token}\nRestart=on-failure\n\n[Install]\nWantedBy=multi-user.target\n",
        &[("tunnel-token", 6)],
    ),
    (
        "deploy.sh",
        "#!/bin/sh\nset -eu\ncurl -sS -X POST \"https://api.cloudflare.com/client/v4/zones/$ZONE/purge_cache\" \\\n  -H 'X-Auth-Email: ops@shop.example' \\\n  -H 'X-Auth-Key: {global-key}' \\\n  --json '{\"purge_everything\":true}'\n",
        &[("global-key", 5)],
    ),
    (
        "docker-compose.yml",
        "services:\n  shop:\n    image: ghcr.io/example/shop:2026.11\n    environment:\n      CF_ACCESS_CLIENT_ID: {id}.access\n      CF_ACCESS_CLIENT_SECRET: {service-token}\n      R2_ACCESS_KEY_ID: {id}\n      R2_SECRET_ACCESS_KEY: {r2-secret}\n",
        &[("service-token", 6), ("r2-secret", 8)],
    ),
    (
        "main.tf",
        "provider \"cloudflare\" {\n  email   = \"ops@shop.example\"\n  api_key = \"{legacy-global-key}\"\n}\n\nresource \"cloudflare_dns_record\" \"www\" {\n  zone_id = \"{id}\"\n  name    = \"www\"\n  type    = \"A\"\n  content = \"203.0.113.7\"\n  ttl     = 1\n}\n",
        &[("legacy-global-key", 3)],
    ),
    (
        "origin-issuer.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: cloudflare-origin-ca\nstringData:\n  service-key: {origin-ca-key}\n",
        &[("origin-ca-key", 6)],
    ),
    (
        "rclone.conf",
        "[media]\ntype = s3\nprovider = Cloudflare\naccess_key_id = {id}\nsecret_access_key = {r2-secret}\nendpoint = https://{id}.r2.cloudflarestorage.com\nacl = private\n",
        &[("r2-secret", 5)],
    ),
    (
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: cloudflare\ndata:\n  # In base64, which hides nothing.\n  api-token: {base64:account-token}\n",
        &[("account-token", 7)],
    ),
    (
        "session.har",
        "{\"log\": {\"version\": \"1.2\", \"creator\": {\"name\": \"mitmproxy\", \"version\": \"12.1\"}, \"entries\": [{\n  \"request\": {\"method\": \"GET\", \"url\": \"https://api.cloudflare.com/client/v4/memberships\", \"httpVersion\": \"HTTP/2\",\n    \"headers\": [{\"name\": \"Authorization\", \"value\": \"Bearer {oauth-token}\"}]},\n  \"response\": {\"status\": 200}\n}]}}\n",
        &[("oauth-token", 3)],
    ),
    (
        "workflow.yml",
        "name: Deploy\non: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v5\n      - run: npx wrangler deploy\n        env:\n          CLOUDFLARE_API_TOKEN: {account-token}\n          CLOUDFLARE_ACCOUNT_ID: {id}\n",
        &[("account-token", 10)],
    ),
    (
        "wrangler.toml",
        "name = \"shop\"\nmain = \"src/index.js\"\ncompatibility_date = \"2026-11-01\"\n\n[vars]\nAPI_TOKEN = \"{legacy-token}\"\n",
        &[("legacy-token", 6)],
    ),
];

fn archive() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/leaks/shop.tar.gz")
}

/// The text with values in it, drawn by the file's place in the list: a file more changes no other.
fn made(at: usize, text: &str) -> String {
    let mut draw = Draw::new(0x6c65_616b + at as u64);
    let mut out = text.to_owned();
    while let Some((hole, value)) = next(&out, &mut draw) {
        out = out.replacen(&hole, &value, 1);
    }
    out
}

fn next(text: &str, draw: &mut Draw) -> Option<(String, String)> {
    let rules = RULES.into_iter().flat_map(|rule| [format!("{{{rule}}}"), format!("{{base64:{rule}}}")]);
    let hole = rules.chain(["{id}".to_owned()]).filter_map(|hole| Some((text.find(&hole)?, hole))).min()?.1;
    let name = hole.trim_matches(['{', '}']);
    let value = match (name, name.strip_prefix("base64:")) {
        ("id", _) => draw.hex(32),
        (_, Some(rule)) => base64(draw.value(rule).as_bytes()),
        (rule, None) => draw.value(rule),
    };
    Some((hole, value))
}

#[test]
fn the_example_is_as_it_is_made_here() {
    let texts: Vec<(String, String)> =
        FILES.iter().enumerate().map(|(at, (name, text, _))| (format!("shop/{name}"), made(at, text))).collect();
    let files: Vec<(&str, &[u8])> = texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let made = tar(&files);
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        std::fs::write(archive(), gzip(&made)).unwrap();
    }
    // Another version of the packer may pack the same otherwise.
    let mut kept = Vec::new();
    GzDecoder::new(std::fs::File::open(archive()).unwrap()).read_to_end(&mut kept).unwrap();
    // The values are of nobody, and still no test prints one.
    assert!(kept == made, "examples/leaks has drifted: UPDATE_EXAMPLES=1 cargo test -p flarekeep-scan example");
}

#[test]
fn everything_planted_is_found_and_nothing_else() {
    let found = walk(&[archive()], Options::default()).findings;
    let found: Vec<(String, &str, u64)> = found
        .iter()
        .map(|finding| {
            let name = finding.place.path.rsplit('/').next().unwrap().to_owned();
            (name, finding.form.rule, finding.place.line)
        })
        .collect();
    let planted: Vec<(String, &str, u64)> = FILES
        .iter()
        .flat_map(|(name, _, lines)| lines.iter().map(|(rule, line)| ((*name).to_owned(), *rule, *line)))
        .collect();
    assert_eq!(found, planted);
    assert!(RULES.iter().all(|rule| planted.iter().any(|(_, planted, _)| planted == rule)), "a kind is missing");
}
