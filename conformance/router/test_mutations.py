"""That the tests of isolation can fail: each of these faults, put into a copy of the router, is seen by its own tests."""

import shutil
import subprocess

import pytest

from .sites import SOURCES
from .test_units import NODE

#: Of a file: what stands there, and what stands there instead.
MUTATIONS = {
    "the cache's address has no tenant": ("blob.js", "${PLACE}${tenant}/${name}`, asked", "${PLACE}${name}`, asked"),
    "the reader of blobs takes any address": ("blob.js", " || request.url !== `${PLACE}${tenant}/${name}`", ""),
    "the reader of blobs takes any name": ("blob.js", " || !isBlob(name)", ""),
    "contents in memory have no tenant": ("serve.js", "const key = `${site.tenant}/${blob}`;", "const key = blob;"),
    "contents in memory have no form": ("serve.js", "const key = `${site.tenant}/${blob}`;", "const key = `${site.tenant}/${file.hash}`;"),
    "a blob's key has no tenant": ("layout.js", "`sites/${tenant}/blobs/${name}`", "`sites/blobs/${name}`"),
    "a manifest's key has no tenant": ("layout.js", "`m:${tenant}:${release}`", "`m:${release}`"),
    "the bucket's manifest is of another folder": ("layout.js", "`sites/${tenant}/releases/", "`sites/acme/releases/"),
    "manifests are remembered by release alone": ("records.js", "const key = manifestKey(tenant, release);", "const key = release;"),
    "sites are remembered for all": ("records.js", "this.#sites.value(tenant, now", "this.#sites.value('', now"),
    "hosts are remembered for all": ("records.js", "this.#hosts.value(host, now", "this.#hosts.value('', now"),
    "a manifest may be another release's": ("manifest.js", "config.release !== release", "false"),
    "an odd host is taken": ("host.js", " && NAME.test(host)", ""),
    "the header and the address may name two hosts": ("host.js", "host === null || host !== address", "host === null"),
    "a label may be any text": ("host.js", "return isSlug(label) ? { tenant: label } : null;", "return { tenant: label };"),
    "two labels are a tenant": ("host.js", 'if (label.includes(".")) return { host };', 'if (label.includes(".")) return { tenant: label.split(".").pop() };'),
    "a host that ends like the domain is a tenant's": ("host.js", "if (!host.endsWith(`.${domain}`))", "if (!host.endsWith(domain))"),
    "a preview of any name": ("host.js", "isRelease(release) && isSlug(tenant) ?", "isSlug(tenant) ?"),
    "a slug has two hyphens": ("layout.js", ' && !text.includes("--")', ""),
    "a host's record may name anything": ("records.js", " || !isSlug(record.tenant)", ""),
    "an earlier release's file need not be fingerprinted": ("handle.js", "if (file?.fingerprinted)", "if (file)"),
    "a suspended site is served": ("handle.js", "if (site && !site.live)", "if (false)"),
    "a redirect leads to another host": ("redirects.js", 'return `/${path}`.replace(/^[/\\\\]+/, "/").replace(/\\/{2,}/g, "/");', "return path;"),
    "a detour leads to another host": ("path.js", '.join("/").replace(/^\\/{2,}/, "/")', '.join("/")'),
    "dots are decoded into paths": ("path.js", "path: whole, plain:", 'path: new URL(whole, "http://x").pathname, plain:'),
    "a rule says whose release it is": ("headers.js", '"x-flarekeep-error", "x-flarekeep-release",', ""),
    "a rule says how long an answer is": ("headers.js", '"content-length", ', ""),
    "a range is cut from a compressed form": ("serve.js", 'const form = range === "none" && (file.br', "const form = (file.br"),
    "one tag for all forms": ("serve.js", "`\"${file.hash}-${form === \"gzip\" ? \"gz\" : form}\"`", "identity"),
    "the forms of a file are not told apart by caches": ("serve.js", 'if (file.br || file.gzip) headers.vary = "Accept-Encoding";', ""),
    "an error may be kept": ("failure.js", '"cache-control": "no-store",', '"cache-control": "public, max-age=60",'),
    "a manifest of any size is read": ("records.js", "object.size <= LARGEST", "true"),
    "a visitor goes back in time": ("memo.js", "if (newer && newer.since > now) return newer.value;", ""),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_fault_is_seen(name, tmp_path):
    if not NODE.exists():
        pytest.skip("SKIPPED: Node is not there; conformance/run installs it with wrangler, for which it needs npm")
    file, before, after = MUTATIONS[name]
    copy = shutil.copytree(SOURCES.parent, tmp_path / "router")
    text = (copy / "src" / file).read_text()
    assert text.count(before) == 1, "the router has changed: so must this fault"
    (copy / "src" / file).write_text(text.replace(before, after))
    ran = subprocess.run([NODE, "--test", *sorted(copy.glob("test/*.test.js"))], cwd=copy, capture_output=True, text=True, timeout=300)
    assert ran.returncode != 0, "no test has seen it"
