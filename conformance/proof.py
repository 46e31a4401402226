"""That a plan is neither too narrow nor too wide: the job is done under the planned token, and refused under that token
less any one grant. The plan comes from a recording of the job under a wide token, or from what says beforehand what the job
will do, such as a Worker's configuration."""

import json
import os
import secrets
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

#: The codes of a refusal for want of a permission (docs/emulator.md).
REFUSALS = {7403, 9109, 10000, 199002}
ACCOUNT, ZONE, EMAIL = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210", "ada@example.com"
USER = "00112233445566778899aabbccddeeff"
WORLD = f"""
[[account]]
name = "Acme"
id = "{ACCOUNT}"

[[user]]
email = "{EMAIL}"
id = "{USER}"

[[zone]]
name = "example.com"
id = "{ZONE}"
account = "Acme"
"""


@dataclass(frozen=True)
class Call:
    """One line of a recording."""

    method: str
    url: str
    status: int
    errors: tuple = ()

    @property
    def path(self):
        """The path below the API's base, with its query."""
        return self.url.partition("/client/v4")[2]

    @property
    def carries_its_own(self):
        """Whether the call carries a credential that an earlier answer gave for it, as uploads of assets do: the token has
        no part in it, and the plan passes it over (docs/sources.md)."""
        path = urlsplit(self.path).path
        return path.startswith("/pages/assets/") or path.endswith("/workers/assets/upload")

    @property
    def refused(self):
        return self.status in (401, 403) and bool(REFUSALS & set(self.errors))

    def __str__(self):
        return f"{self.method} {urlsplit(self.path).path}"


class Local:
    """An emulator of its own, in the one world of all proofs unless another is given, that records what it is asked."""

    def __init__(self, folder, world=WORLD):
        self.recording = folder / "recording.jsonl"
        facts = self.emulate(folder, world, "--quiet", "--recording", self.recording, "--dns-listen", "127.0.0.1:0")
        self.dns = facts["dns"]
        #: Paths that are read by others than the work: `flarekeep record` looks the token up that was used.
        self.passed_over = set()

    def emulate(self, folder, world, *options):
        """Starts the emulator, which writes what it says into a log in `folder`, and gives what it tells of itself."""
        folder.mkdir()
        file = folder / "world.toml"
        file.write_text(world)
        command = [os.environ["FLAREKEEP_BIN"], "emulate", "--json", "--listen", "127.0.0.1:0", "--rate-limit", "off"]
        self.log = folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*command, "--world", file, *options], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=log, text=True
            )
        facts = json.loads(self.process.stdout.readline())
        self.api, self.s3, self.global_key = facts["api"], facts["s3"], facts["global_key"]
        #: The id of each token that was made, by its value.
        self.ids = {}
        return facts

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def admin(self, method, path, body=None):
        """Calls the API with the Global API key, and gives the result."""
        headers = {"X-Auth-Email": EMAIL, "X-Auth-Key": self.global_key, "Content-Type": "application/json"}
        status, answer = send(self.api, method, path, headers, None if body is None else json.dumps(body).encode())
        assert status == 200, answer
        return answer["result"]

    def token(self, policies):
        """Makes a token of the user, and gives its id and its value."""
        made = self.admin("POST", "/user/tokens", {"name": f"proof-{secrets.token_hex(4)}", "policies": policies})
        self.ids[made["value"]] = made["id"]
        return made["id"], made["value"]

    def wide(self):
        """The value of a token that may do all at the user, the account and the zone that any permission group allows."""
        by_scope = {}
        for group in self.admin("GET", "/user/tokens/permission_groups"):
            by_scope.setdefault(group["scopes"][0], []).append({"id": group["id"]})
        account, zone = "com.cloudflare.api.account", "com.cloudflare.api.account.zone"
        user = "com.cloudflare.api.user"
        places = {user: f"{user}.{USER}", account: f"{account}.{ACCOUNT}", zone: f"{zone}.{ZONE}"}
        return self.token([policy(by_scope[scope], place) for scope, place in places.items()])[1]

    def recorded(self, work):
        """Runs `work`, and gives what it asked for and the lines of the recording that say so."""
        before = self.recording.stat().st_size
        work()
        with open(self.recording, encoding="utf-8") as file:
            file.seek(before)
            lines = file.readlines()
        kept, calls = [], []
        for line in lines:
            fields = json.loads(line)
            call = Call(fields["method"], fields["url"], fields["status"], tuple(fields.get("errors", ())))
            if not (call.method == "GET" and call.path in self.passed_over):
                kept.append(line)
                calls.append(call)
        return calls, "".join(kept)

    def refuses(self, value, call):
        """Whether the call, without its body, is refused to a token. What comes of it beyond that does not matter:
        the emulator decides before it looks at the body."""
        headers = {"Authorization": f"Bearer {value}"}
        status, answer = send(self.api, call.method, call.path, headers, None)
        codes = {error["code"] for error in answer["errors"]} if isinstance(answer, dict) else set()
        return status in (401, 403) and bool(REFUSALS & codes)


def prove(job, folder, prepare=lambda local: None, check=lambda local: None):
    """Proves the plan of one job. `prepare(local)` makes what the job needs to be there and `check(local)` looks at what
    came of it, both with the Global API key; `job(local, value, prepared)` does the job with a token's value. Gives the
    plan."""
    with Local(folder / "wide") as local:
        prepared, wide = prepare(local), local.wide()
        done, lines = local.recorded(lambda: job(local, wide, prepared))
        check(local)
        assert done, "the job asked for nothing"
        (folder / "job.jsonl").write_text(lines)
        plan = planned(folder, local, "--recording", "job.jsonl")
    with Local(folder / "planned") as local:
        prepared, (_, value) = prepare(local), local.token(plan["policies"])
        again, _ = local.recorded(lambda: job(local, value, prepared))
        check(local)
        # wrangler asks for all routes at once, which no plan can allow, and does without.
        assert refused(again) == refused(done), "the planned token is refused what the wide one is not"
        replay(local, value, plan, repeatable(done))
    return plan


def prove_beforehand(work, job, folder, goes_without=(), prepare=lambda local: None, check=lambda local: None):
    """Proves the plan of a job that was never recorded: `work(local, prepared)` writes what the job works from, and gives
    the options of `flarekeep plan` that read it. The rest is as in `prove`; `goes_without` are the calls, as `GET /path`,
    that the plan leaves out since the client does without. Gives the plan."""
    with Local(folder / "beforehand") as local:
        prepared = prepare(local)
        plan = planned(folder, local, *work(local, prepared))
        _, value = local.token(plan["policies"])
        done, _ = local.recorded(lambda: job(local, value, prepared))
        check(local)
        assert sorted(set(refused(done))) == sorted(goes_without), "what the planned token is refused"
        calls = repeatable(done)
        assert calls, "the job asked for nothing"
        replay(local, value, plan, calls)
    return plan


def repeatable(calls):
    """The calls that the token made and was not refused, each once."""
    return list({str(call): call for call in calls if not (call.refused or call.carries_its_own)}.values())


def replay(local, value, plan, calls):
    """Makes the calls again: none is refused to the planned token, and one at least to that token less any one grant."""
    still = [str(call) for call in calls if local.refuses(value, call)]
    assert still == [], "the planned token is refused in the replay"
    for grant in plan["grants"]:
        token, less = local.token(without(plan, grant))
        missed = [str(call) for call in calls if local.refuses(less, call)]
        local.admin("DELETE", f"/user/tokens/{token}")
        assert missed, f"{grant['group']} at {grant['resource']} is planned, and nothing is refused without it"


def planned(folder, local, *work):
    """The plan that flarekeep makes of `work`, in the world's account and zone. The id of a zone that the work gives by
    name is looked up; whose token it is to be a plan leaves open."""
    environment = {
        "PATH": os.environ["PATH"],
        "CLOUDFLARE_BASE_URL": local.api,
        "CLOUDFLARE_EMAIL": EMAIL,
        "CLOUDFLARE_API_KEY": local.global_key,
    }
    command = [os.environ["FLAREKEEP_BIN"], "plan", *work, "--account", ACCOUNT, "--zone", "example.com", "-o", "json"]
    made = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout.replace("<user_id>", USER))


def without(plan, left_out):
    """The policies of a plan less one grant. A token must hold something: one that is left with nothing is denied."""
    grants = [grant for grant in plan["grants"] if grant != left_out]
    if not grants:
        return [{**policy([{"id": left_out["id"]}], left_out["resource"]), "effect": "deny"}]
    return [policy([{"id": grant["id"]}], grant["resource"]) for grant in grants]


def policy(groups, place):
    return {"effect": "allow", "permission_groups": groups, "resources": {place: "*"}}


def refused(calls):
    return [str(call) for call in calls if call.refused]


def send(api, method, path, headers, body):
    """One request: its status, and the envelope as an object or any other body as bytes."""
    if body is None and method in ("POST", "PUT", "PATCH"):
        body = b""
    request = urllib.request.Request(api + path, method=method, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


def granted(plan):
    """What a plan grants, to be compared with what is expected."""
    return sorted(f"{grant['group']}@{grant['scope']}" for grant in plan["grants"])


