"""A platform, a site and a domain by two commands, as docs/platform.md and the README have them, and what visitors get."""

import hashlib
import re
import time

import proof

from .terminal import ROOT

SITE = ROOT / "examples/site"
DEPLOY = "flarekeep site deploy examples/site acme www.acme.test"
#: How long the edge may show the old release: an isolate remembers for 5 seconds.
PATIENCE = 15


def curl(terminal, host, path="/", **headers):
    """A visitor's request, without following a redirect."""
    return terminal.raw("GET", path, host, {name.replace("_", "-"): value for name, value in headers.items()})


def shows(terminal, host, release):
    """Waits until visitors of the host get the release."""
    end = time.monotonic() + PATIENCE
    while (seen := curl(terminal, host)).headers["x-flarekeep-release"] != release:
        assert time.monotonic() < end, (host, release, seen.status, dict(seen.headers))
        time.sleep(0.2)
    return seen


def test_two_commands_and_two_visits(terminal):
    terminal.type("flarekeep platform deploy --zone example.com --yes")
    assert "nothing to do" in terminal.type("flarekeep platform deploy --zone example.com --yes")
    assert curl(terminal, "acme.example.com").headers["x-flarekeep-error"] == "unknown-host"
    deployed = terminal.document(DEPLOY)
    assert (deployed["files"], deployed["uploaded"], deployed["live"]) == (6, 6, True)
    assert "https://acme.example.com/" in deployed["urls"]
    release = deployed["release"]

    home = (SITE / "index.html").read_bytes()
    seen = shows(terminal, "acme.example.com", release)
    assert (seen.status, seen.body) == (200, home)

    # The domain of their own lives as soon as its owner's DNS leads here, and not before.
    assert curl(terminal, "www.acme.test").status == 530
    pending = terminal.document("flarekeep domain status www.acme.test", 1)
    wanted = [record for record in pending["publish"] if record.get("type") == "CNAME"]
    assert wanted[0]["name"] == "www.acme.test"
    terminal.publish(type="CNAME", name=wanted[0]["name"], content=wanted[0]["content"])
    assert terminal.document("flarekeep domain status www.acme.test --wait")["live"] is True
    seen = shows(terminal, "www.acme.test", release)
    assert (seen.status, seen.body) == (200, home)

    # Said again, nothing moves.
    again = terminal.document(DEPLOY)
    assert (again["release"], again["uploaded"]) == (release, 0)
    assert terminal.document("flarekeep platform status --zone example.com")["tenants"] == 1


def test_what_visitors_get_of_the_sample(terminal):
    terminal.type("flarekeep platform deploy --zone example.com --yes")
    release = terminal.document("flarekeep site deploy examples/site acme")["release"]
    host = "acme.example.com"
    for file in SITE.rglob("*"):
        path = "/" + str(file.relative_to(SITE))
        if file.is_dir() or path in ("/_headers", "/_redirects"):
            continue
        page = re.sub(r"(index)?\.html$", "", path)
        reply = curl(terminal, host, page)
        assert (reply.status, reply.body) == (200, file.read_bytes()), page
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        assert reply.headers["etag"] == f'"{digest}"' and reply.headers["x-flarekeep-release"] == release
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert curl(terminal, host, page, If_None_Match=reply.headers["etag"]).status == 304
    style = re.search(r"/assets/style\.[0-9a-f]{8}\.css", (SITE / "index.html").read_text())[0]
    assert "immutable" in curl(terminal, host, style).headers["cache-control"]
    assert curl(terminal, host, "/kettle.svg").headers["cache-control"] == "public, max-age=3600"
    assert curl(terminal, host, "/").headers["cache-control"] == "public, max-age=0, must-revalidate"
    missing = curl(terminal, host, "/no/such/page")
    assert (missing.status, missing.body) == (404, (SITE / "404.html").read_bytes())
    moved = {"/company": (301, "/about/"), "/shop/camp": (302, "/?from=camp"), "/about": (307, "/about/")}
    for path, (status, location) in moved.items():
        reply = curl(terminal, host, path)
        assert (reply.status, reply.headers["location"]) == (status, location), path
    assert [curl(terminal, host, path).status for path in ("/_headers", "/_redirects")] == [404, 404]


def test_changed_previewed_rolled_back(terminal, tmp_path):
    terminal.type("flarekeep platform deploy --zone example.com --yes")
    host, folder = "acme.example.com", tmp_path / "site"
    for file in SITE.rglob("*"):
        if file.is_file():
            copy = folder / file.relative_to(SITE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    first = terminal.document(f"flarekeep site deploy {folder} acme")
    shows(terminal, host, first["release"])
    page = folder / "index.html"
    page.write_text(page.read_text().replace("nothing else.", "nothing more."))
    preview = terminal.document(f"flarekeep site deploy {folder} acme --preview")
    assert (preview["uploaded"], preview["live"]) == (1, False)
    own = preview["urls"][0].removeprefix("https://").removesuffix("/")
    seen = curl(terminal, own)
    assert "nothing more." in seen.text and seen.headers["x-robots-tag"] == "noindex"
    assert "nothing else." in curl(terminal, host).text
    terminal.type(f"flarekeep site promote acme {preview['release']}")
    assert "nothing more." in shows(terminal, host, preview["release"]).text
    terminal.type("flarekeep site rollback acme")
    assert "nothing else." in shows(terminal, host, first["release"]).text


def test_nothing_is_left(terminal):
    terminal.type("flarekeep platform deploy --zone example.com --yes")
    terminal.type(DEPLOY)
    terminal.type("flarekeep platform destroy --zone example.com --yes", 2)
    terminal.type("flarekeep platform destroy --zone example.com --force --yes")
    account, zone = f"/accounts/{proof.ACCOUNT}", f"/zones/{proof.ZONE}"
    for path in (f"{zone}/custom_hostnames", f"{zone}/dns_records", f"{zone}/workers/routes", f"{account}/workers/scripts"):
        assert terminal.admin("GET", path) == [], path
    assert terminal.admin("GET", f"{account}/r2/buckets")["buckets"] == []
    # Tokens that were lent to commands have ended with them.
    assert terminal.admin("GET", "/user/tokens") == []
