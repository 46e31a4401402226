"""examples/flarekeep.toml: applied, changed, drifted and imported. After each step every sink's value works, and what a
value was replaced by is dead."""

import json

import proof

ITEM_WRITE = '"Workers R2 Storage Bucket Item Write"'


def changes(life, *options, ends):
    document = json.loads(life("apply", "--json", *options, ends=ends))
    return {token["key"]: token["change"] for token in document["tokens"] if token["change"] != "unchanged"}


def test_applied_and_applied_again(fresh):
    assert changes(fresh, "--check", ends=1) == dict.fromkeys(
        ["certificates", "deploy", "purge", "uploads", "editor"], "create"
    )
    assert fresh.living() == {}
    assert "applied 5 changes" in fresh("apply", "--yes")
    fresh.all_work()
    assert (fresh.folder / "tokens.env").stat().st_mode & 0o777 == 0o600
    fresh.in_sync()
    fresh.all_work()


def test_each_may_do_no_more(life):
    values = life.values()
    dns = f"/zones/{proof.ZONE}/dns_records"
    for key in ("CF_DEPLOY_TOKEN", "CF_PURGE_TOKEN", "CF_UPLOADS_TOKEN"):
        assert life.send(values[key], "GET", dns)[0] == 403
    record = {"type": "TXT", "name": "life.example.org", "content": "x", "ttl": 60}
    other = dns.replace(proof.ZONE, proof.ZONE[:-1] + "1")
    assert life.send(values["CF_EDITOR_TOKEN"], "POST", other, record)[0] == 403
    life.local.admin("POST", f"/accounts/{proof.ACCOUNT}/r2/buckets", {"name": "other"})
    assert life.upload(values["CF_UPLOADS_TOKEN"], "other") == "AccessDenied"


def test_narrowed_then_widened_only_if_that_is_allowed(life):
    before = life.values()
    life.edit((ITEM_WRITE, ITEM_WRITE.replace("Write", "Read")))
    assert changes(life, "--check", ends=1) == {"uploads": "narrow"}
    life("apply", "--yes", "--no-widen")
    assert life.upload(before["CF_UPLOADS_TOKEN"]) == "AccessDenied"
    life.in_sync()
    life.edit()
    refused = life("apply", "--yes", "--no-widen", ends=1)
    assert "WIDENS" in refused and "--no-widen forbids it" in refused
    assert life.upload(before["CF_UPLOADS_TOKEN"]) == "AccessDenied"
    assert changes(life, "--yes", ends=0) == {"uploads": "widen"}
    assert life.values() == before, "a change in place leaves the values alone"
    life.all_work()
    life.in_sync()


def test_a_successor_where_a_new_value_is_needed(life):
    before = life.values()
    purge = '"env:tokens.env:CF_PURGE_TOKEN"'
    life.edit((purge, f'{purge}, "file:purge.token"'), ("[token.deploy]\n", '[token.deploy]\nowner = "user"\n'))
    assert changes(life, "--yes", ends=0) == {"purge": "replace", "deploy": "replace"}
    after = life.values()
    assert {key for key in before if before[key] != after[key]} == {"CF_PURGE_TOKEN", "CF_DEPLOY_TOKEN"}
    assert life.is_dead(before["CF_PURGE_TOKEN"]) and life.is_dead(before["CF_DEPLOY_TOKEN"])
    assert (life.folder / "purge.token").read_text().strip() == after["CF_PURGE_TOKEN"]
    life.all_work()
    life.in_sync()


def test_what_drifted_behind_our_back_is_mended(life):
    before = life.values()
    life.change("CF_DEPLOY_TOKEN", condition={"request_ip": {"in": ["192.0.2.0/24"]}}, expires_on=None)
    deploy = life.living()["shop-deploy-prod"]["policies"]
    life.change("CF_PURGE_TOKEN", policies=life.living()["shop-purge-prod"]["policies"] + deploy)
    scripts = f"/accounts/{proof.ACCOUNT}/workers/scripts"
    assert life.send(before["CF_DEPLOY_TOKEN"], "GET", scripts)[0] == 403
    assert life.send(before["CF_PURGE_TOKEN"], "GET", scripts)[0] == 200
    assert changes(life, "--check", ends=1) == {"deploy": "change", "purge": "narrow"}
    assert changes(life, "--yes", ends=0) == {"deploy": "change", "purge": "narrow"}
    assert life.send(before["CF_PURGE_TOKEN"], "GET", scripts)[0] == 403
    assert life.values() == before
    life.all_work()
    life.in_sync()


def test_one_that_was_revoked_behind_our_back_is_made_again(life):
    before = life.values()
    life.local.admin("DELETE", f"/accounts/{proof.ACCOUNT}/tokens/{life.living()['shop-purge-prod']['id']}")
    assert changes(life, "--check", ends=1) == {"purge": "create"}
    life("apply", "--yes")
    assert life.is_dead(before["CF_PURGE_TOKEN"]) and life.values()["CF_PURGE_TOKEN"] != before["CF_PURGE_TOKEN"]
    life.all_work()
    life.in_sync()


def test_what_reads_otherwise_and_means_the_same_is_no_drift(life):
    life.change("CF_EDITOR_TOKEN", policies=life.living()["DNS editor (office)"]["policies"][::-1])
    certificates = life.living()["shop-certificates-prod"]["condition"]
    life.change("CF_DNS_TOKEN", condition={"request.ip": certificates.get("request_ip", certificates.get("request.ip"))})
    life.in_sync()


def test_what_is_not_declared_any_more_is_revoked(life):
    before = life.values()
    life.write(life.text.split("# A user's token")[0])
    assert "revoke" in life("apply", "--check", ends=1)
    life("apply", "--yes")
    assert life.is_dead(before["CF_EDITOR_TOKEN"])
    kept = {key: value for key, value in before.items() if key != "CF_EDITOR_TOKEN"}
    assert all(life.works(key, value) for key, value in kept.items())
    assert len(life.living()) == 4
    life("apply", "--check")


def test_what_is_imported_needs_no_change(life):
    life("import", "--owner", "user", "--owner", "account", "--out", "imported.toml")
    text = (life.folder / "imported.toml").read_text()
    assert text.count("\n[token.") == 5
    assert "No changes: 5 tokens as declared." in life("apply", "--check", "imported.toml")
    life("apply", "--yes", "imported.toml")
    # The file that declares them changed, and nothing of them.
    life.all_work()
    life.in_sync()
