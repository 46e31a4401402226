"""Worlds of tokens to audit, as files for `flarekeep audit --input`; made here, so that no test waits for an example."""

import json

ACCOUNT = "0123456789abcdef0123456789abcdef"
ZONE = "fedcba9876543210fedcba9876543210"
ALL_ZONES = {"com.cloudflare.api.account.zone.*": "*"}

# Groups by their ids, each with the resource that it takes effect at.
GROUPS = {
    "DNS Write": ("4755a26eedb94da69e1066d98aa820be", "zone"),
    "DNS Read": ("82e64a83756745bbbb1c9c2701bf816b", "zone"),
    "Zone Read": ("c8fed203ed3043cba015a93ad1616f1f", "zone"),
    "Zone Settings Write": ("3030687196b94b638145a3953da2b699", "zone"),
    "Cache Purge": ("e17beae8b8cb423a99b1730f21238bed", "zone"),
    "SSL and Certificates Write": ("c03055bc037c4ea9afb9a9f104b7b721", "zone"),
    "Firewall Services Write": ("43137f8d07884d3198dc0ee77ca6e79b", "zone"),
    "Workers Scripts Write": ("e086da7e2179491d91ee5f35b3ca210a", "account"),
    "Workers R2 Storage Write": ("bf7481a1826f439697cb59a20b22293e", "account"),
    "Pages Write": ("8d28297797f24fb8a0c332fe0866ec89", "account"),
    "D1 Write": ("09b2857d1c31407795e75e3fed8617a1", "account"),
    "Account Settings Write": ("1af1fa2adc104452b74a9a3364202f20", "account"),
    "Account API Tokens Write": ("5bc3f8b21c554832afc660159ab75fa4", "account"),
}

# Names that are no names: markup, attributes, ends of comments, control characters, turned text, Hebrew, a formula.
HOSTILE = [
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=alert(1)>",
    "</style><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "a\u202egnp.exe\u202c",
    "\u001b[2J\u0007\u0000bell",
    "&lt;b&gt;&#x3c;script&#x3e;",
    "--><h1>no comment</h1><!--",
    "x" * 10_000,
    "אבגד הוז",
    "| a | b |\n|---|---|\n@team #1 [x](https://example.com)",
    "=cmd|' /C calc'!A0",
    "\u2028\u2029\ufeff\ufffe",
    "",
]


def world(count, names=None):
    """The text of a world of `count` tokens, of one account and its user, as of a fixed day."""
    tokens = [_token(number, names) for number in range(count)]
    account = {"id": ACCOUNT, "name": "Example Ltd", "zones": 12}
    zone = {"id": ZONE, "name": "example.com", "account": ACCOUNT}
    return json.dumps({"as_of": "2026-11-23T09:00:00Z", "accounts": [account], "zones": [zone], "tokens": tokens})


def _token(number, names):
    name = names[number % len(names)] if names else f"team{number % 17}-{'deploy dns backup'.split()[number % 3]}-{number}"
    groups = [group for at, group in enumerate(GROUPS) if (number * 7 + at * 5) % 13 < 1 + number % 5]
    policies = []
    for scope, resources in (("zone", _zones(number)), ("account", {f"com.cloudflare.api.account.{ACCOUNT}": "*"})):
        of_scope = [{"id": GROUPS[group][0]} for group in groups if GROUPS[group][1] == scope]
        if of_scope:
            policies.append({"effect": "allow", "resources": resources, "permission_groups": of_scope})
    token = {
        "id": f"{number:032x}",
        "name": name,
        "owner": "account",
        "account_id": ACCOUNT,
        "status": "disabled" if number % 11 == 10 else "active",
        "issued_on": f"2025-{1 + number % 12:02}-{1 + number % 28:02}T08:00:00Z",
        "modified_on": f"2026-{1 + number % 10:02}-{1 + number % 28:02}T08:00:00Z",
        "policies": policies,
    }
    if number % 4:
        token["expires_on"] = f"{2026 + number % 2}-{1 + number * 5 % 12:02}-{1 + number % 28:02}T08:00:00Z"
    if number % 3:
        token["last_used_on"] = f"2026-{1 + number * 3 % 11:02}-{1 + number % 20:02}T08:00:00Z"
    return token


def _zones(number):
    if number % 5 == 0:
        return {f"com.cloudflare.api.account.{ACCOUNT}": ALL_ZONES}
    return {f"com.cloudflare.api.account.zone.{ZONE}": "*"}
