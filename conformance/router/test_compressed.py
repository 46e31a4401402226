"""A site that `site deploy --compress` made, as visitors get it."""

import gzip
import json
import os
import subprocess
import urllib.parse

import proof

from .sites import DOMAIN

PAGE = b"<p>hello, you there</p>\n" * 400


def test_a_deployed_site_is_served_compressed(platform, tmp_path):
    document = {"v": 1, "domain": DOMAIN, "zone_id": proof.ZONE, "account_id": proof.ACCOUNT, "worker": "router"}
    document["kv_namespace_id"] = platform.namespace
    platform.put_object("platform/platform.json", json.dumps(document).encode())
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_bytes(PAGE)
    (site / "short.html").write_bytes(b"<p>")
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    environment |= {"XDG_STATE_HOME": str(tmp_path), "CLOUDFLARE_API_BASE_URL": platform.api, "R2_ENDPOINT": platform.s3}
    environment |= {"CLOUDFLARE_API_TOKEN": platform.wide(), "CLOUDFLARE_ACCOUNT_ID": proof.ACCOUNT, "R2_BUCKET_NAME": "sites"}
    command = [os.environ["FLAREKEEP_BIN"], "site", "deploy", site, "small", "--compress", "--json"]
    done = json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)
    # The page, the short one, and the page in two forms.
    assert done["uploaded"] == 4, done
    host = urllib.parse.urlsplit(done["urls"][0]).hostname
    brotli = platform.ask("/", host, Accept_Encoding="gzip, br")
    assert brotli.headers["Content-Encoding"] == "br" and brotli.headers["ETag"].endswith('-br"')
    assert 0 < len(brotli.body) < len(PAGE) / 10
    zipped = platform.ask("/", host, Accept_Encoding="gzip")
    assert zipped.headers["Content-Encoding"] == "gzip" and gzip.decompress(zipped.body) == PAGE
    plain = platform.ask("/", host)
    assert plain.headers["Content-Encoding"] is None and plain.body == PAGE
    short = platform.ask("/short", host, Accept_Encoding="gzip, br")
    assert (short.headers["Content-Encoding"], short.body) == (None, b"<p>")
