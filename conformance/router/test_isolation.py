"""No byte of another tenant: generated requests, each compared with a naive resolver, and each answer searched for the marks
of all others. `ROUTER_REQUESTS` says how many (12,000), `ROUTER_SEED` from which seed."""

import collections
import os
import random

import pytest

from . import naive
from .naive import DOMAIN, Release, World

ONE, TWO = "01jd3m8q7qabcdef", "01jd3m8q7rabcdef"
# Slugs that are parts of each other, or look like parts of hosts and keys.
TENANTS = ["acme", "acm", "acme-2", "zeta", "sites", "host", "a"]
CUSTOM = {"www.acme.test": "acme", "acme.test": "zeta", "example.com.acme.test": "acm", "a.acme.test": "a"}
PATHS = [
    "/index.html", "/about.html", "/docs/index.html", "/docs/a.html", "/404.html", "/docs/404.html", "/data.json", "/caf\u00e9.txt",
    "/CASE.txt", "/case.txt", "/100%.txt", "/%2e%2e", "/a b.txt", "/@x/[y].js", "/.well-known/security.txt", "/app.0a1b2c3d.js",
]
#: Same for all: what is stored under one name in each tenant's own folder.
COMMON = "/common.txt"


def mark(tenant, release, path):
    return f"<<{tenant}|{release}|{path}>>"


def build(platform):
    world = World({}, {}, CUSTOM)
    for at, tenant in enumerate(TENANTS):
        for release in (ONE, TWO):
            files = {path: mark(tenant, release, path).encode() for path in PATHS}
            files |= {COMMON: b"the same everywhere", f"/only-{tenant}.txt": mark(tenant, release, "only").encode()}
            fingerprinted = {f"/assets/{tenant}-{release}.0a1b2c3d.js", "/app.0a1b2c3d.js"}
            for path in fingerprinted:
                files[path] = mark(tenant, release, path).encode()
            if at % 3 == 2 and release == TWO:
                del files["/404.html"]
            made = Release(files, fingerprinted=fingerprinted)
            made.redirects = {"/old": ("/about", 301), "/caf%C3%A9": ("/caf%C3%A9.txt", 302), "/in": ("/data.json", 200)}
            made.folders = [("/to/", "/:splat", 302), ("/show/", "/docs/:splat", 200), (f"/{TENANTS[at - 1]}/", f"/{tenant}/:splat", 302)]
            world.releases[(tenant, release)] = made
            rules = {
                "static": {source: list(rule) for source, rule in made.redirects.items()},
                "dynamic": [[f"{prefix}*", to, status] for prefix, to, status in made.folders],
            }
            given = {path: (body, {"fingerprinted": True}) if path in fingerprinted else body for path, body in files.items()}
            platform.release(tenant, release, given, {"redirects": rules, "headers": [["/*", [["X-Tenant", mark(tenant, release, "")]], []]]})
    for tenant in TENANTS[:-1]:
        world.live[tenant] = (TWO, [ONE])
        platform.live(tenant, TWO, [ONE])
    # `a` has releases, and none that is live.
    for host, tenant in CUSTOM.items():
        platform.domain(host, tenant)
    return world


class Requests:
    """Hosts and targets that mean one of the sites, nearly mean one, or try to mean another."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def host(self):
        pick = self.chance.choice
        tenant = pick(TENANTS)
        plain = [f"{tenant}.{DOMAIN}"] * 12 + [f"{pick([ONE, TWO])}--{tenant}.{DOMAIN}"] * 3 + [pick(list(CUSTOM))] * 4
        host = pick([
            *plain, DOMAIN, f"{pick(TENANTS)}.{tenant}.{DOMAIN}", f"none.{DOMAIN}", f"{tenant}--{pick(TENANTS)}.{DOMAIN}",
            f"{ONE[:-1]}{pick('0z')}--{tenant}.{DOMAIN}", f"{tenant}..{DOMAIN}", f"-{tenant}.{DOMAIN}", f"{tenant}_.{DOMAIN}",
            f"xn--{tenant}.{DOMAIN}", f"{ONE}--{ONE}--{tenant}.{DOMAIN}", f"{tenant}%2e{DOMAIN}", f"{tenant}.{DOMAIN}.",
        ])
        for _ in range(pick([0, 0, 0, 0, 0, 0, 1, 2])):
            host = pick([
                lambda h: h.upper(), lambda h: h.title(), lambda h: h + ":80", lambda h: h + ":8787", lambda h: h + ".", lambda h: h + ":",
                lambda h: "." + h, lambda h: f"{pick(TENANTS)}.{DOMAIN}, {h}", lambda h: f"{pick(TENANTS)}@{h}", lambda h: h + "/x",
                lambda h: h.replace("e", "%65"), lambda h: h.replace("a", "\u0430"), lambda h: h + "%00", lambda h: h + ":80:80", lambda h: h,
            ])(host)
        return host

    def target(self):
        pick = self.chance.choice
        tenant = pick(TENANTS)
        path = pick([
            *PATHS, *PATHS, COMMON, "/", "/about", "/docs", "/docs/", "/docs/a", "/docs/none", "/none", "/old", "/in", "/caf%c3%a9", "/index",
            f"/only-{tenant}.txt", f"/assets/{tenant}-{pick([ONE, TWO])}.0a1b2c3d.js", f"/show/{pick(['a', 'none', 'index.html', ''])}",
            f"/to/{pick(['about', '/evil.org', '%2Fevil.org', '..', ''])}", f"/{tenant}/index.html",
            f"/sites/{tenant}/current.json", f"/sites/{tenant}/releases/{TWO}.bin", f"/../{tenant}/index.html", f"/..%2F{tenant}%2Findex.html",
            f"/%2e%2e/{tenant}/blobs/x", f"/\\..\\{tenant}\\index.html", f"//{tenant}.{DOMAIN}/index.html", f"/{tenant}.{DOMAIN}/",
            "/" + "a" * pick([100, 8190, 8192, 9000]),
        ])
        for _ in range(pick([0, 0, 1, 1, 2])):
            path = self.twisted(path)
        target = path + pick(["", "", "", "?", "?a=b", f"?host={tenant}.{DOMAIN}", "?%2e%2e", "?/../x"])
        # A request's target has no spaces and, here, no bytes beyond ASCII but some: what they are is the edge's to say.
        return target.replace(" ", "%20")

    def twisted(self, path):
        pick, at = self.chance.choice, self.chance.randrange(max(1, len(path)))
        letter = path[at : at + 1]
        return pick([
            lambda: path[:at] + "".join(f"%{byte:02x}" for byte in letter.encode()) + path[at + 1 :],
            lambda: path[:at] + "".join(f"%{byte:02X}" for byte in letter.encode()) + path[at + 1 :],
            lambda: path.replace("/", "//"), lambda: path.replace("/", "/./"), lambda: path.replace("/", "/x/../"),
            lambda: path.replace("/", "/%2e%2e/", 1), lambda: path.replace("/", "%2f").replace("%2f", "/", 1), lambda: path.replace("/", "\\"),
            lambda: path + "/", lambda: path + "/..", lambda: path + "/%2E", lambda: path.upper(), lambda: path.swapcase(), lambda: path + "%00",
            lambda: path + "%ff", lambda: path.replace("%", "%25"), lambda: path + "%", lambda: "/" + path, lambda: path.replace("\u00e9", "e\u0301"),
            lambda: path + ".html", lambda: path + "/index.html", lambda: path.removesuffix(".html"), lambda: path + ";x=y", lambda: path + "#f",
        ])()

    def headers(self):
        pick = self.chance.choice
        tenant = pick(TENANTS)
        spoofs = [
            ("X-Forwarded-Host", f"{tenant}.{DOMAIN}"), ("X-Host", f"{tenant}.{DOMAIN}"), ("Forwarded", f"host={tenant}.{DOMAIN}"),
            ("X-Original-URL", f"/only-{tenant}.txt"), ("X-Rewrite-URL", "/data.json"), ("X-HTTP-Method-Override", "HEAD"),
            ("Accept-Encoding", "br, gzip"), ("Authorization", "Bearer x"), ("Cookie", f"tenant={tenant}"), ("X-Flarekeep-Release", ONE),
            ("X-Flarekeep-Cf", '{"hostMetadata":{"tenant":"%s"}}' % tenant), ("CF-Worker", tenant), ("Cache-Control", "no-cache"),
        ]
        return dict(pick(spoofs) for _ in range(pick([0, 0, 1, 2])))


@pytest.fixture(scope="module")
def platform_of_many(platform):
    return platform, build(platform)


def test_every_answer_is_the_sites_own(platform_of_many):
    platform, world = platform_of_many
    count, seed = int(os.environ.get("ROUTER_REQUESTS", "12000")), int(os.environ.get("ROUTER_SEED", "7"))
    requests, seen = Requests(seed), collections.Counter()
    sent = 0
    while sent < count:
        host, target, headers = requests.host(), requests.target(), requests.headers()
        target = naive.quote(target, safe="".join(map(chr, range(0x21, 0x7F))))
        method = requests.chance.choice(["GET"] * 9 + ["HEAD"])
        reply = platform.raw(method, target, host, headers)
        what = f"seed {seed}, request {sent}: {method} {target[:200]!r} Host: {host!r} {headers} -> {reply.status} {reply.body[:200]!r}"
        release, error = reply.headers["x-flarekeep-release"], reply.headers["x-flarekeep-error"]
        if release is None and error is None:
            # It did not come as far as the router: the edge has no such host, or this is no HTTP; or the router handed it on.
            assert reply.status in (0, 400, 404, 414, 431, 522, 530) or is_challenge(target), what
            assert b"<<" not in reply.body and reply.headers["x-tenant"] is None, what
            seen["refused by the edge"] += 1
            sent += 1
            continue
        wanted = naive.expected(world, host, target)
        got = (reply.status, release, error, reply.headers["location"])
        assert got == (wanted.status, wanted.release, wanted.error, wanted.location), f"{what}\n{got}\n{wanted}"
        if wanted.body is not None:
            assert reply.body == (wanted.body if method == "GET" else b""), what
        own = naive.site_of(world, host)
        marks = reply.text + str(reply.headers["x-tenant"] or "")
        foreign = [tenant for tenant in TENANTS if f"<<{tenant}|" in marks and (own is None or tenant != own[0])]
        assert not foreign, f"{what}: of {foreign}"
        seen[f"{reply.status} {error or ''}".strip()] += 1
        sent += 1
    print(f"\n{sent} requests through workerd, seed {seed}: {dict(seen.most_common())}")
    assert seen["refused by the edge"] < count * 0.4 and min(seen[status] for status in ("200", "307", "302", "404")) > count / 200, seen


def is_challenge(target):
    return naive.decode(naive.standard_path(target))[0].startswith("/.well-known/acme-challenge/")
