"""What visitors get."""

import hashlib
import time

import pytest

from .sites import DOMAIN

OLDER, RELEASE, NEXT = "01jd3m8q7qabcdef", "01jd3m8q7rabcdef", "01jd3m8q7zabcdef"
BIG = bytes(range(256)) * 4096
SITE = {
    "/index.html": b"home",
    "/about.html": b"about",
    "/docs/index.html": b"docs",
    "/404.html": b"nothing here",
    "/app.js": (b"script" * 100, {"br": b"not really brotli", "gzip": b"not really gzip"}),
    "/big.bin": BIG,
    "/empty.txt": b"",
    "/caf\u00e9 menu.txt": "caf\u00e9".encode(),
    "/main.0a1b2c3d.js": (b"fingerprinted", {"fingerprinted": True}),
}
RULES = {
    "redirects": {"static": {"/old": ["/about", 301]}, "dynamic": [["/blog/*", "/docs/:splat", 302], ["/app/*", "/index.html", 200]]},
    "headers": [["/*", [["X-Own", "yes"], ["Content-Security-Policy", "default-src 'self'"]], []], ["/app.js", [], ["Referrer-Policy"]]],
}


def tag(body, ending=""):
    return f'"{hashlib.sha256(body).hexdigest()}{ending}"'


def ask(platform, path="/", host=f"acme.{DOMAIN}", **more):
    """As `Edge.ask`, without following redirects."""
    return platform.raw("GET", path, host, **more)


@pytest.fixture(scope="module", autouse=True)
def acme(platform):
    platform.release("acme", RELEASE, SITE, RULES)
    platform.live("acme", RELEASE)


def test_files(platform):
    answer = ask(platform)
    assert (answer.status, answer.body) == (200, b"home")
    said = {name.lower(): value for name, value in answer.headers.items()}
    assert said["x-flarekeep-edge"].startswith("worker=router; ")
    for name in ("date", "x-flarekeep-edge", "cf-ray", "last-modified"):
        said.pop(name)
    assert said == {
        "accept-ranges": "bytes", "cache-control": "public, max-age=0, must-revalidate", "content-length": "4", "etag": tag(b"home"),
        "content-security-policy": "default-src 'self'", "content-type": "text/html; charset=utf-8", "x-own": "yes",
        "referrer-policy": "strict-origin-when-cross-origin", "x-content-type-options": "nosniff", "x-flarekeep-release": RELEASE,
    }
    big = ask(platform, "/big.bin")
    assert big.body == BIG and big.headers["content-length"] == str(len(BIG))
    empty = ask(platform, "/empty.txt")
    assert (empty.status, empty.body, empty.headers["content-length"]) == (200, b"", "0")
    assert ask(platform, "/caf%C3%A9%20menu.txt").text == "caf\u00e9"
    assert ask(platform, "/main.0a1b2c3d.js").headers["cache-control"] == "public, max-age=31536000, immutable"


def test_head_and_conditions(platform):
    for path, body in (("/", b"home"), ("/big.bin", BIG), ("/empty.txt", b"")):
        head = platform.raw("HEAD", path, f"acme.{DOMAIN}")
        assert (head.status, head.body, head.headers["content-length"], head.headers["etag"]) == (200, b"", str(len(body)), tag(body))
    again = ask(platform, headers={"If-None-Match": f'"x", W/{tag(b"home")}'})
    assert (again.status, again.body, again.headers["etag"], again.headers["x-own"]) == (304, b"", tag(b"home"), "yes")
    assert ask(platform, headers={"If-Modified-Since": ask(platform).headers["last-modified"]}).status == 304
    assert ask(platform, headers={"If-Match": '"x"'}).status == 412


def test_ranges(platform):
    part = ask(platform, "/big.bin", headers={"Range": "bytes=1000-1999", "If-Range": tag(BIG)})
    assert (part.status, part.body) == (206, BIG[1000:2000])
    assert (part.headers["content-range"], part.headers["content-length"]) == (f"bytes 1000-1999/{len(BIG)}", "1000")
    assert ask(platform, "/big.bin", headers={"Range": "bytes=-7"}).body == BIG[-7:]
    outside = ask(platform, "/big.bin", headers={"Range": f"bytes={len(BIG)}-"})
    assert (outside.status, outside.body, outside.headers["content-range"]) == (416, b"", f"bytes */{len(BIG)}")
    for whole in ({"Range": "bytes=0-1,4-5"}, {"Range": "bytes=0-1", "If-Range": '"old"'}):
        assert ask(platform, "/big.bin", headers=whole).status == 200


def test_compressed_forms_travel_as_they_are(platform):
    for accepted, form, body, ending in (("gzip, br", "br", b"not really brotli", "-br"), ("gzip", "gzip", b"not really gzip", "-gz")):
        answer = ask(platform, "/app.js", headers={"Accept-Encoding": accepted})
        assert (answer.status, answer.body, answer.headers["content-encoding"]) == (200, body, form)
        assert (answer.headers["etag"], answer.headers["vary"]) == (tag(b"script" * 100, ending), "Accept-Encoding")
        assert answer.headers["referrer-policy"] is None
        head = platform.raw("HEAD", "/app.js", f"acme.{DOMAIN}", headers={"Accept-Encoding": accepted})
        assert (head.body, head.headers["content-encoding"], head.headers["etag"]) == (b"", form, answer.headers["etag"])
    assert ask(platform, "/app.js", headers={"Accept-Encoding": "identity"}).body == b"script" * 100


def test_pages_and_rules(platform):
    for path, status, location in (
        ("/about.html?q", 307, "/about?q"), ("/docs", 307, "/docs/"), ("/old", 301, "/about"), ("/blog/", 302, "/docs/"),
        ("//about", 307, "/about"), ("/blog//evil.org", 302, "/docs/evil.org"),
    ):
        answer = ask(platform, path)
        assert (answer.status, answer.headers["location"], answer.body) == (status, location, b""), path
        assert answer.headers["x-flarekeep-release"] == RELEASE
    assert [ask(platform, path).text for path in ("/about", "/docs/", "/app/x/y")] == ["about", "docs", "home"]
    missing = ask(platform, "/none")
    assert (missing.status, missing.text, missing.headers["x-own"]) == (404, "nothing here", "yes")
    post = platform.raw("POST", "/", f"acme.{DOMAIN}", body=b"x")
    assert (post.status, post.headers["allow"]) == (405, "GET, HEAD")


def test_hosts_previews_and_domains(platform):
    platform.release("acme", NEXT, {"/index.html": b"next"})
    preview = ask(platform, host=f"{NEXT}--acme.{DOMAIN}")
    assert (preview.text, preview.headers["x-robots-tag"], preview.headers["x-flarekeep-release"]) == ("next", "noindex", NEXT)
    platform.domain("www.acme.test", "acme")
    for host in ("www.acme.test", "WWW.ACME.test:80", "www.acme.test."):
        assert ask(platform, host=host).text == "home", host
    for host in (f"other.{DOMAIN}", f"a.acme.{DOMAIN}", f"a--acme.{DOMAIN}", f"xn--acme.{DOMAIN}", DOMAIN):
        answer = ask(platform, host=host)
        assert (answer.status, answer.headers["x-flarekeep-error"]) == (404, "unknown-host"), host
    challenge = ask(platform, "/.well-known/acme-challenge/x")
    assert (challenge.status, challenge.headers["x-flarekeep-release"]) == (523, None), "handed on; nothing stands behind here"


def test_a_release_goes_live_and_keeps_open_tabs_alive(platform):
    platform.release("turn", OLDER, {"/index.html": b"one", "/a.0a1b2c3d.js": (b"one's", {"fingerprinted": True}), "/a.js": b"one's"})
    platform.live("turn", OLDER)
    host = f"turn.{DOMAIN}"
    assert ask(platform, host=host).text == "one"
    # KV's copy of the manifest is late: the bucket has it.
    platform.release("turn", RELEASE, {"/index.html": b"two"}, manifest_in_kv=False)
    platform.live("turn", RELEASE, [OLDER])
    deadline = time.monotonic() + 20
    while (answer := ask(platform, host=host)).text != "two":
        assert answer.text == "one" and time.monotonic() < deadline
        time.sleep(0.1)
    kept = ask(platform, "/a.0a1b2c3d.js", host)
    assert (kept.status, kept.text, kept.headers["x-flarekeep-release"]) == (200, "one's", OLDER)
    assert ask(platform, "/a.js", host).status == 404


def test_what_is_wrong_tells_nothing(platform):
    platform.live("hidden", RELEASE, state="suspended")
    platform.live("lost", RELEASE)
    platform.put_keys({"site:odd": b"{}", "site:broken": b"{", "site:bad": b'{"v":1,"release":"01jd3m8q7rabcdef","state":"live"}', f"m:bad:{RELEASE}": b"FKM1"})
    platform.release("gap", RELEASE, {"/index.html": b"gap"})
    platform.delete_object(f"sites/gap/blobs/{hashlib.sha256(b'gap').hexdigest()}")
    platform.live("gap", RELEASE)
    for tenant, status, word in (
        ("hidden", 503, "suspended"), ("lost", 502, "missing-manifest"), ("odd", 502, "bad-record"), ("broken", 503, "internal"),
        ("bad", 502, "bad-manifest"), ("gap", 502, "missing-blob"),
    ):
        answer = ask(platform, host=f"{tenant}.{DOMAIN}")
        assert (answer.status, answer.headers["x-flarekeep-error"], answer.headers["cache-control"]) == (status, word, "no-store"), tenant
        assert tenant not in answer.text
