"""What benches/audit.sh runs: all tokens read, and audited, from the emulator, whose every answer is 20 ms away. Medians of ROUNDS
runs in random order. The emulator is the same for all, without a rate limit, so that the clients are measured and not the limit."""

import json, os, random, statistics, subprocess, sys, tempfile, time
from pathlib import Path

release, python = Path(sys.argv[1]), sys.argv[2]
here = Path(__file__).parent
rounds, latency = int(os.environ.get("ROUNDS", 5)), os.environ.get("LATENCY", "20ms")
accounts, of_user, of_account = 4, 40, 490
broken = []


def world():
    """2,000 tokens as they are found: a few groups each, some at a zone, some at all, with and without an end."""
    lines = [f"[[user]]\nemail = 'bench@example.com'\n"]
    for account in range(accounts):
        lines.append(f"[[account]]\nname = 'Account {account}'\n")
        lines += [f"[[zone]]\nname = 'z{zone}.a{account}.example'\naccount = 'Account {account}'\n" for zone in range(10)]
    kinds = [
        (["DNS Write"], "zone:z{zone}.a{account}.example"),
        (["Zone Read", "DNS Write", "Cache Purge"], "zone:z{zone}.a{account}.example"),
        (["Workers Scripts Write", "Workers KV Storage Write", "Account Settings Read"], "account:Account {account}"),
        (["Zone Read", "Zone Settings Write", "SSL and Certificates Write", "DNS Read"], "zone:*"),
    ]

    def token(number, owner, account):
        groups, where = kinds[number % len(kinds)]
        where = where.format(zone=number % 10, account=account)
        end = f"expires_on = 2099-0{1 + number % 9}-01T00:00:00Z\n" if number % 3 else ""
        return (f"[[token]]\nname = 'shop-{number}-prod'\nowner = '{owner}'\n{end}"
                f"[[token.policy]]\ngroups = {json.dumps(groups)}\nresources = ['{where}']\n")

    numbers = iter(range(10_000))
    lines += [token(next(numbers), "bench@example.com", 0) for _ in range(of_user)]
    for account in range(accounts):
        lines += [token(next(numbers), f"Account {account}", account) for _ in range(of_account)]
    return "\n".join(lines)


def run(name, environment, work):
    """Whole seconds of the process, processor seconds, its own account of the seconds, tokens."""
    command = {
        "flarekeep json": [release / "flarekeep", "audit", "--json", "--fail-on", "never", "--quiet"],
        "flarekeep": [release / "flarekeep", "audit", "--fail-on", "never", "--quiet"],
        "flarekeep html": [release / "flarekeep", "audit", "-o", "html", "--fail-on", "never", "--quiet"],
        "bare client": [release / "examples/bare_tokens", environment["CLOUDFLARE_BASE_URL"], "32"],
        "sdk, 32 in flight": [python, here / "audit_sdk.py", "pages"],
        "sdk, its iterator": [python, here / "audit_sdk.py", "paging"],
    }[name]
    with open(work / "out", "w+") as out, open(work / "errors", "w+") as errors:
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=errors, env=environment, cwd=work)
        _, status, use = os.wait4(process.pid, 0)
        took = time.monotonic() - start
        process.returncode = status
        if status:
            errors.seek(0)
            sys.exit(f"{name} failed: {errors.read()[-800:]}")
        out.seek(0)
        text = out.read()
    if name == "flarekeep json":
        tokens, own = len(json.loads(text)["tokens"]), took
    elif name in ("flarekeep html", "flarekeep"):
        tokens, own = accounts * of_account + of_user, took
    else:
        tokens, own = int(text.split()[0]), float(text.split()[1])
    wanted = accounts * of_account + of_user
    if tokens != wanted:
        sys.exit(f"{name} read {tokens} tokens, and there are {wanted}")
    return took, use.ru_utime + use.ru_stime, own


def bound(what, is_held):
    print(f"  {'holds' if is_held else 'BROKEN'}: {what}")
    broken.extend([what] * (not is_held))


with tempfile.TemporaryDirectory(prefix="flarekeep-audit-") as folder:
    work = Path(folder)
    (work / "world.toml").write_text(world())
    (work / "faults.toml").write_text(f"[[rule]]\nname = 'far-away'\ndelay = '{latency}'\n")
    emulate = [release / "flarekeep", "emulate", "--listen", "127.0.0.1:0", "--json", "--quiet", "--rate-limit", "off", "--decisions", "0",
               "--world", work / "world.toml", "--faults", work / "faults.toml"]
    clean = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_STATE_HOME": folder}
    server = subprocess.Popen(emulate, stdout=subprocess.PIPE, text=True, env=clean)
    try:
        facts = json.loads(server.stdout.readline())
        environment = {**clean, "CLOUDFLARE_BASE_URL": facts["api"], "CLOUDFLARE_EMAIL": facts["email"], "CLOUDFLARE_API_KEY": facts["global_key"]}
        names = ["flarekeep", "flarekeep json", "flarekeep html", "bare client", "sdk, 32 in flight", "sdk, its iterator"]
        found = {name: [] for name in names}
        for _ in range(rounds):
            for name in random.sample(names, len(names)):
                found[name].append(run(name, environment, work))
    finally:
        server.kill()
        server.wait()

medians = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in found.items()}
print(f"{accounts * of_account + of_user:,} tokens of a user and {accounts} accounts, every answer {latency} away, 32 calls in flight")
print(f"{'':20} {'seconds':>9} {'cpu s':>8} {'without its start':>18}")
for name, (took, cpu, own) in medians.items():
    print(f"{name:20} {took:9.3f} {cpu:8.2f} {own:18.3f}")
# The answer that is printed where nobody asks for another; the other forms are longer.
ours, bare, sdk = medians["flarekeep"], medians["bare client"], medians["sdk, 32 in flight"]
bound(f"at least 4.5 times as fast as the SDK with 32 in flight: {sdk[0] / ours[0]:.1f} times", sdk[0] >= 4.5 * ours[0])
bound(f"the same without the SDK's start: {sdk[2] / ours[0]:.1f} times", sdk[2] >= 4.5 * ours[0])
bound(f"within 1.2 times the bare client: {ours[0] / bare[0]:.2f} times", ours[0] <= 1.2 * bare[0])
sys.exit(bool(broken))
