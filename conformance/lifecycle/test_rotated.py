"""The declared tokens rotated: by name, all at once, and as a scheduler does. The old values are dead, the new ones work."""

import contextlib
import json
import sqlite3
import time
from datetime import UTC, datetime, timedelta


def rotated(life, before):
    """The keys of the values that are new; each old one is dead."""
    after = life.values()
    new = {key for key in before if before[key] != after[key]}
    assert [key for key in new if not life.is_dead(before[key])] == []
    return new


OF_ACCOUNT = {"CF_DNS_TOKEN", "CF_DEPLOY_TOKEN", "CF_PURGE_TOKEN", "CF_UPLOADS_TOKEN"}


def test_by_name(life):
    before, policies = life.values(), life.living()["shop-deploy-prod"]["policies"]
    life("token", "rotate", "shop-deploy-prod", "--owner", "account", "--account", "Acme", "--plan")
    assert life.values() == before
    life("token", "rotate", "shop-deploy-prod", "--owner", "account", "--account", "Acme", "--yes")
    assert rotated(life, before) == {"CF_DEPLOY_TOKEN"}
    groups = [[group["id"] for group in policy["permission_groups"]] for policy in policies]
    after = life.living()["shop-deploy-prod"]["policies"]
    assert [[group["id"] for group in policy["permission_groups"]] for policy in after] == groups
    life.all_work()
    life("token", "rotate", "DNS editor (office)", "--yes")
    assert rotated(life, before) == {"CF_DEPLOY_TOKEN", "CF_EDITOR_TOKEN"}
    life.all_work()
    life.in_sync()


def test_all_of_an_owner(life):
    before = life.values()
    account = ("--owner", "account", "--account", "Acme", "--yes")
    nothing = json.loads(life("token", "rotate", "--all", "--older-than", "90d", *account, "--json"))
    assert nothing["tokens"] == [] and life.values() == before
    # A date that is declared is no age: the successor of a second later ends at the same time.
    time.sleep(1.1)
    life("token", "rotate", "--all", *account)
    assert life.living()["shop-purge-prod"]["expires_on"] == "2099-12-31T00:00:00Z"
    assert rotated(life, before) == OF_ACCOUNT
    life.all_work()
    life("token", "rotate", "--all", "--yes")
    assert rotated(life, before) == OF_ACCOUNT | {"CF_EDITOR_TOKEN"}
    life.all_work()
    life.in_sync()


def test_those_that_are_due(life):
    before = life.values()
    account = ("--owner", "account", "--account", "Acme", "--yes")
    assert json.loads(life("token", "rotate", "--due", *account, "--json"))["tokens"] == []
    assert life.values() == before
    # No test waits thirty days: the journal is told that they have passed for one, and that one's end comes near.
    with contextlib.closing(sqlite3.connect(life.folder / "state/flarekeep/journal.sqlite")) as journal, journal:
        set_back = """UPDATE flarekeep_holdings SET document = json_set(document, '$.since', '2020-01-01T00:00:00Z')
            WHERE json_extract(document, '$.subject.name') = 'shop-purge-prod'"""
        assert journal.execute(set_back).rowcount == 1
    soon = datetime.now(UTC) + timedelta(days=3)
    life.change("CF_DEPLOY_TOKEN", not_before="2020-01-01T00:00:00Z", expires_on=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    due = json.loads(life("token", "rotate", "--due", "--plan", *account[:-1], "--json"))
    assert [token["name"] for token in due["tokens"]] == ["shop-deploy-prod", "shop-purge-prod"]
    assert "due: token `shop-purge-prod`" in life("apply", "--only", "purge", "--yes")
    assert life.values() == before
    life("token", "rotate", "--due", *account)
    assert rotated(life, before) == {"CF_DEPLOY_TOKEN", "CF_PURGE_TOKEN"}
    life.all_work()
    assert json.loads(life("token", "rotate", "--due", *account, "--json"))["tokens"] == []
