"""Who is to answer a request, and with what: a second resolver, written from docs/router.md and the WHATWG's URL standard,
slow and plain, sharing nothing with the router."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

DOMAIN = "example.com"
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?\Z")
RELEASE = re.compile(r"[0-9a-hjkmnp-tv-z]{16}\Z")


@dataclass
class Release:
    files: dict  # path -> bytes
    redirects: dict = field(default_factory=dict)  # from -> (to, status)
    folders: list = field(default_factory=list)  # (prefix, to with :splat, status), in order
    fingerprinted: set = field(default_factory=set)


@dataclass
class World:
    releases: dict  # (tenant, release) -> Release
    live: dict  # tenant -> (release, [previous])
    hosts: dict  # host -> tenant


@dataclass
class Expected:
    status: int
    body: bytes = None
    location: str = None
    release: str = None
    error: str = None


def site_of(world, host):
    """The tenant and the preview's release of a Host header; None for what is no host, (None, None) for one of nobody's."""
    host = re.sub(r":[0-9]{1,5}\Z", "", host.lower())
    host = host[:-1] if host.endswith(".") else host
    if len(host) > 253 or not all(LABEL.match(label) for label in host.split(".")):
        return None
    parts = host.split(".")
    if parts[1:] == DOMAIN.split("."):
        before, dashes, after = parts[0].partition("--")
        if not dashes:
            return (before, None) if SLUG.match(before) else None
        good = RELEASE.match(before) and SLUG.match(after) and "--" not in after
        return (after, before) if good else None
    return world.hosts.get(host), None


def standard_path(raw):
    """The path of a request's target as the URL standard reads it: dot segments away, `\\` for `/`, odd bytes escaped."""
    raw = raw.split("#", 1)[0].split("?", 1)[0].replace("\\", "/")
    out = []
    segments = raw.split("/")[1:]
    for at, segment in enumerate(segments):
        last = at == len(segments) - 1
        plain = re.sub("%2e", ".", segment, flags=re.I)
        if plain == "..":
            out = out[:-1]
            out += [""] if last else []
        elif plain == ".":
            out += [""] if last else []
        else:
            out.append(segment)
    return "/" + "/".join(escape(segment) for segment in out)


def escape(segment):
    """What the standard's path percent-encode set escapes; escapes that are there stay."""
    kept = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"#<>?`{}^')
    return quote(segment, safe=kept)


def decode(pathname):
    """Each segment decoded where its escapes are whole and make UTF-8; and whether it was said without detours."""
    segments = []
    for segment in pathname.split("/"):
        try:
            whole = not re.search("%(?![0-9a-fA-F]{2})", segment)
            segments.append(unquote_to_bytes(segment).decode() if whole else segment)
        except UnicodeDecodeError:
            segments.append(segment)
    path = "/".join(segments)
    whole = re.sub("/+", "/", path)
    return whole, whole == path and "%2f" not in pathname.lower()


def address(path):
    return quote(path, safe="/-_.!~*'()@:$&+,;=")


def page(release, path):
    """('file', path), ('redirect', path) or None: `auto-trailing-slash`, by looking at every file of the release."""
    place = {}
    for file in release.files:
        if file.endswith("/index.html"):
            place[file] = file[: -len("index.html")]
        elif file.endswith(".html"):
            place[file] = file[: -len(".html")]
        else:
            place[file] = file
    if path in release.files and place[path] != path:
        return "redirect", place[path]
    for file in release.files:
        if place[file] == path:
            return "file", file
    likes = [path + ".html", path + "/index.html"]
    if path.endswith("/index.html"):
        likes = [path[: -len("/index.html")] + ".html"]
    elif path.endswith("/index"):
        likes = [path + ".html", path[: -len("/index")] + ".html"]
    elif path.endswith("/"):
        likes = [path[:-1] + ".html"]
    elif path.endswith(".html"):
        likes = [path[: -len(".html")] + "/index.html"]
    for like in likes:
        if like in release.files:
            return "redirect", place[like]
    return None


def expected(world, host, target):
    """The answer to a GET."""
    site = site_of(world, host)
    if site is None:
        return Expected(404, error="unknown-host")
    tenant, preview = site
    if len(standard_path(target)) > 8192:
        return Expected(414, error="long-path")
    if preview is not None:
        if (tenant, preview) not in world.releases:
            return Expected(404, error="unknown-release")
        return resolved(world, tenant, preview, [], target)
    if tenant not in world.live:
        return Expected(404, error="unknown-host")
    return resolved(world, tenant, *world.live[tenant], target)


def resolved(world, tenant, name, previous, target):
    release = world.releases[(tenant, name)]
    pathname = standard_path(target)
    query = "?" + target.split("#")[0].split("?", 1)[1] if "?" in target.split("#")[0] else ""
    query = "" if query == "?" else query
    rule = redirect(release, pathname)
    if rule:
        to, status = rule
        if status != 200:
            return Expected(status, location=to + query, release=name)
        path, _ = decode(to)
        found = page(release, path)
        while found and found[0] == "redirect":
            found = page(release, found[1])
        if found:
            return Expected(200, release.files[found[1]], release=name)
    else:
        path, plain = decode(pathname)
        found = page(release, path)
        if found and found[0] == "redirect":
            return Expected(307, location=address(found[1]) + query, release=name)
        if found and not plain:
            return Expected(307, location=address(path) + query, release=name)
        if found:
            return Expected(200, release.files[found[1]], release=name)
    for older in previous:
        if path in world.releases[(tenant, older)].fingerprinted:
            return Expected(200, world.releases[(tenant, older)].files[path], release=older)
    folder = path
    while folder:
        folder = folder[: folder.rindex("/")] if "/" in folder else ""
        if folder + "/404.html" in release.files:
            return Expected(404, release.files[folder + "/404.html"], release=name)
    return Expected(404, b"Not found\n", release=name)


def redirect(release, pathname):
    pathname = re.sub("%[0-9a-fA-F]{2}", lambda escape: escape[0].upper(), pathname)
    if pathname in release.redirects:
        return release.redirects[pathname]
    for prefix, to, status in release.folders:
        if pathname.startswith(prefix):
            to = re.sub("/+", "/", to.replace(":splat", pathname[len(prefix) :]))
            if status == 200 or to != pathname:
                return to, status
    return None
