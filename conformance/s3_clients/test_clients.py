"""What each client does with one bucket under the planned token, and what it is refused."""

import os
import subprocess
import urllib.parse

MIB = 1 << 20

TREE = {
    "index.html": b"<h1>home</h1>",
    "assets/app.js": b"let a = 1;",
    "assets/img/one file.svg": b"<svg/>",
    "docs/\N{LATIN SMALL LETTER E WITH ACUTE}+&.txt": b"accents",
    "empty.txt": b"",
}


def plant(folder, tree):
    for name, content in tree.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def harvest(folder):
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def good(process):
    assert process.returncode == 0, (process.args[-4:], process.stdout, process.stderr)
    return process.stdout


def refused(process):
    """The client failed, and says that it was for want of a right."""
    said = process.stdout + process.stderr
    assert process.returncode != 0, said
    assert "AccessDenied" in said or "Forbidden" in said or "403" in said, said


def held(rest, bucket, prefix):
    path = f"/r2/buckets/{bucket}/objects?per_page=1000&prefix={urllib.parse.quote(prefix)}"
    return {item["key"]: item for item in rest("GET", path)}


def test_a_tree_goes_up_and_comes_down(client, writer, reader, site, rest, tmp_path):
    up, down, prefix = tmp_path / "up", tmp_path / "down", f"{client.program}-tree"
    plant(up, TREE)
    good(client.sync_up(writer, up, site, prefix))
    assert set(held(rest, site, f"{prefix}/")) == {f"{prefix}/{name}" for name in TREE}
    listed = good(client.list(reader, site, prefix))
    assert len(listed.strip().splitlines()) == len(TREE), listed
    down.mkdir()
    good(client.sync_down(reader, site, prefix, down))
    assert harvest(down) == TREE
    # A second time only what differs goes.
    (up / "index.html").write_bytes(b"<h1>new, and longer</h1>")
    (up / "empty.txt").unlink()
    good(client.sync_up(writer, up, site, prefix))
    kept = held(rest, site, f"{prefix}/")
    assert f"{prefix}/empty.txt" not in kept and len(kept) == len(TREE) - 1
    good(client.copy(writer, site, f"{prefix}/assets/app.js", f"{prefix}/copied.js"))
    good(client.get(reader, site, f"{prefix}/copied.js", tmp_path / "copied.js"))
    assert (tmp_path / "copied.js").read_bytes() == TREE["assets/app.js"]
    good(client.remove(writer, site, prefix))
    assert held(rest, site, f"{prefix}/") == {}


def test_a_large_file_goes_up_in_parts(client, writer, reader, site, rest, tmp_path):
    content, key = os.urandom(12 * MIB), f"{client.program}-large"
    (tmp_path / "large").write_bytes(content)
    good(client.put(writer, tmp_path / "large", site, key))
    # Only the tag of an object in parts holds a hyphen.
    assert "-" in held(rest, site, key)[key]["etag"]
    good(client.get(reader, site, key, tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == content
    rest("DELETE", f"/r2/buckets/{site}/objects/{key}")


def test_a_link_opens_one_object(client, writer, site, tmp_path):
    key = f"{client.program}-linked"
    (tmp_path / "file").write_bytes(b"by link")
    good(client.put(writer, tmp_path / "file", site, key))
    link = good(client.link(writer, site, key)).strip().splitlines()[-1]
    curl = lambda url: subprocess.run(["curl", "-s", "-w", "%{http_code}", url], capture_output=True, timeout=30).stdout
    assert curl(link) == b"by link200"
    assert curl(link.replace(key, "another")).endswith(b"403")


def test_a_reader_writes_nothing(client, reader, writer, site, rest, tmp_path):
    key = f"{client.program}-kept"
    (tmp_path / "file").write_bytes(b"kept")
    refused(client.put(reader, tmp_path / "file", site, key))
    assert held(rest, site, key) == {}
    good(client.put(writer, tmp_path / "file", site, f"{key}/a"))
    refused(client.remove(reader, site, key))
    refused(client.copy(reader, site, f"{key}/a", f"{key}/b"))
    assert set(held(rest, site, key)) == {f"{key}/a"}


def test_another_bucket_is_out_of_reach(client, writer, other, rest, tmp_path):
    rest("GET", f"/r2/buckets/{other}")
    (tmp_path / "file").write_bytes(b"x")
    refused(client.put(writer, tmp_path / "file", other, "a"))
    refused(client.list(writer, other, "a"))
    refused(client.get(writer, other, "a", tmp_path / "back"))


def test_temporary_keys_reach_a_prefix(client, temporary, site, rest, tmp_path):
    up, down = tmp_path / "up", tmp_path / "down"
    plant(up, TREE)
    prefix = f"tenants/a/{client.program}"
    good(client.sync_up(temporary, up, site, prefix))
    down.mkdir()
    good(client.sync_down(temporary, site, prefix, down))
    assert harvest(down) == TREE
    refused(client.put(temporary, up / "index.html", site, f"tenants/b/{client.program}"))
    refused(client.list(temporary, site, "tenants/b"))
    assert held(rest, site, "tenants/b/") == {}
