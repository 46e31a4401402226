"""Each credential in the environment, as a user of the SDK sets it; and what is refused."""

import cloudflare
import pytest
from cloudflare import Cloudflare


def test_the_global_key_comes_from_the_environment(world, monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", world.api)
    monkeypatch.setenv("CLOUDFLARE_EMAIL", world.email)
    monkeypatch.setenv("CLOUDFLARE_API_KEY", world.global_key)
    user = Cloudflare().user.get()
    assert user.id == world.user_id


def test_a_user_token_comes_from_the_environment(world, plan_token, monkeypatch):
    token = plan_token("from-environment", "--operation", "GET /zones/{zone_id}")
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", world.api)
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", token.value)
    verified = Cloudflare().user.tokens.verify()
    assert (verified.id, verified.status) == (token.id, "active")


def test_an_account_token_comes_from_the_environment(world, plan_token, monkeypatch):
    token = plan_token("from-environment", "--operation", "GET /zones/{zone_id}", "--owner", "account")
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", world.api)
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", token.value)
    verified = Cloudflare().accounts.tokens.verify(account_id=world.account_id)
    assert (verified.id, verified.status) == (token.id, "active")
    with pytest.raises(cloudflare.AuthenticationError):
        Cloudflare().user.tokens.verify()


def test_a_token_that_nobody_holds_is_refused(connect, world):
    unknown = connect("cfut_" + "0" * 48)
    with pytest.raises(cloudflare.AuthenticationError):
        unknown.user.tokens.verify()
    with pytest.raises(cloudflare.PermissionDeniedError):
        unknown.zones.get(zone_id=world.zone_id)


def test_what_is_no_token_is_refused(connect):
    with pytest.raises(cloudflare.BadRequestError):
        connect('"quoted"').user.get()


def test_a_wrong_global_key_is_refused(world):
    wrong = Cloudflare(api_email=world.email, api_key="0" * 37, base_url=world.api, max_retries=0)
    with pytest.raises(cloudflare.APIStatusError) as refused:
        wrong.user.get()
    assert refused.value.status_code in (400, 403)
