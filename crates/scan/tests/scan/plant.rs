//! Credentials of every kind, drawn anew.

/// A small generator of numbers, so that a failure can be run again.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn number(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below
    }

    pub(crate) fn text(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet = alphabet.as_bytes();
        (0..length).map(|_| char::from(alphabet[self.number(alphabet.len())])).collect()
    }

    pub(crate) fn hex(&mut self, length: usize) -> String {
        self.text("0123456789abcdef", length)
    }

    pub(crate) fn alphanumeric(&mut self, length: usize) -> String {
        self.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length)
    }

    /// A value of this rule.
    pub(crate) fn value(&mut self, rule: &str) -> String {
        let checked = |prefix: &str, body: String| format!("{prefix}{body}{:08x}", crc32fast::hash(body.as_bytes()));
        match rule {
            "user-token" => checked("cfut_", self.alphanumeric(40)),
            "account-token" => checked("cfat_", self.alphanumeric(40)),
            "global-key" => checked("cfk_", self.alphanumeric(40)),
            "oauth-token" => format!("cfoat_{}", self.alphanumeric(43)),
            "service-token" => format!("cfast_{}", self.alphanumeric(48)),
            "origin-ca-key" => format!("v1.0-{}-{}", self.hex(24), self.hex(146)),
            "tunnel-token" => {
                let (account, secret) = (self.hex(32), base64(self.alphanumeric(32).as_bytes()));
                let uuid = [8, 4, 4, 4, 12].map(|length| self.hex(length)).join("-");
                base64(format!("{{\"a\":\"{account}\",\"t\":\"{uuid}\",\"s\":\"{secret}\"}}").as_bytes())
            }
            // One in a thousand has no digit, and half of those look like a name.
            "legacy-token" => loop {
                let value = self.alphanumeric(40);
                if value.bytes().any(|byte| byte.is_ascii_digit()) {
                    break value;
                }
            },
            "legacy-global-key" => self.hex(37),
            "r2-secret" => self.hex(64),
            other => panic!("no rule {other}"),
        }
    }
}

/// All rules.
pub(crate) const RULES: [&str; 10] = [
    "user-token",
    "account-token",
    "global-key",
    "oauth-token",
    "service-token",
    "origin-ca-key",
    "tunnel-token",
    "legacy-token",
    "legacy-global-key",
    "r2-secret",
];

/// Base64 of RFC 4648, written apart from the one that is tested.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |value: u32| char::from(DIGITS[(value & 63) as usize]);
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let value = three.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let digits: String = [18, 12, 6, 0].iter().take(three.len() + 1).map(|shift| digit(value >> shift)).collect();
        out.push_str(&digits);
        out.push_str(&"=".repeat(3 - three.len()));
    }
    out
}

/// How a value of the rule stands in files of every kind: the file's name, and its text with `VALUE` in it.
pub(crate) fn formats(rule: &str) -> Vec<(&'static str, String)> {
    let (name, header) = match rule {
        "legacy-global-key" | "global-key" => {
            ("CLOUDFLARE_API_KEY", "X-Auth-Email: ada@example.com' -H 'X-Auth-Key: VALUE")
        }
        "r2-secret" => ("R2_SECRET_ACCESS_KEY", "r2_secret_key: VALUE"),
        "origin-ca-key" => ("CLOUDFLARE_API_USER_SERVICE_KEY", "X-Auth-User-Service-Key: VALUE"),
        "tunnel-token" => ("TUNNEL_TOKEN", "tunnel-token: VALUE"),
        _ => ("CLOUDFLARE_API_TOKEN", "Authorization: Bearer VALUE"),
    };
    let lower = name.to_lowercase();
    let camel = match name {
        "R2_SECRET_ACCESS_KEY" => "r2SecretAccessKey",
        "CLOUDFLARE_API_KEY" => "cloudflareApiKey",
        _ => "cloudflareApiToken",
    };
    vec![
        ("prod.env", format!("A=1\n{name}=VALUE\nB=2\n")),
        ("quoted.env", format!("export {name}=\"VALUE\"\n")),
        ("deploy.sh", format!("#!/bin/sh\ncurl https://api.cloudflare.com/client/v4/zones -H '{header}'\n")),
        ("deploy.ps1", format!("$env:{name} = 'VALUE'\r\n")),
        ("deploy.cmd", format!("set {name}=VALUE\r\nsetx {name} VALUE\r\n")),
        ("Dockerfile", format!("FROM scratch\nENV {name} VALUE\n")),
        ("compose.yml", format!("services:\n  a:\n    environment:\n      - {name}=VALUE\n")),
        ("pod.yaml", format!("env:\n  - name: {name}\n    value: VALUE\n")),
        ("workflow.yml", format!("env:\n  {name}: VALUE\n")),
        ("main.tf", format!("provider \"cloudflare\" {{\n  {lower} = \"VALUE\"\n}}\n")),
        ("variables.tf", format!("variable \"{lower}\" {{\n  type    = string\n  default = \"VALUE\"\n}}\n")),
        ("wrangler.toml", format!("[vars]\n{name} = \"VALUE\"\n")),
        ("config.json", format!("{{\"a\": 1, \"{camel}\": \"VALUE\"}}")),
        ("index.js", format!("const {camel} = process.env.X || \"VALUE\";\n")),
        ("index.ts", format!("const {camel}: string = 'VALUE';\n")),
        ("main.py", format!("key = os.environ.get(\"{name}\", \"VALUE\")\n")),
        ("main.go", format!("var {camel} = \"VALUE\"\n")),
        ("main.rs", format!("const {name}: &str = \"VALUE\";\n")),
        ("app.xml", format!("<add key=\"{camel}\" value=\"VALUE\" />\n")),
        ("app.properties", format!("{lower}=VALUE\n")),
        ("cloudflare.ini", format!("dns_{lower} = VALUE\n")),
        ("log.json", format!("{{\"message\": \"A=1\\n{name}=VALUE\\nB=2\"}}")),
        ("notes.md", format!("Set `{name}` to `VALUE`.\n")),
    ]
}
