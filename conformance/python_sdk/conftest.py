"""The official Python SDK, with each kind of credential."""

import cloudflare
import pytest
from cloudflare import Cloudflare


@pytest.fixture(scope="session")
def connect(world):
    """A client for a token's value. No retries: a 429 or 5xx of the emulator is a fault here."""

    def client(value):
        return Cloudflare(api_token=value, base_url=world.api, max_retries=0)

    return client


@pytest.fixture(scope="session")
def admin(world):
    """A client with the Global API key."""
    return Cloudflare(api_email=world.email, api_key=world.global_key, base_url=world.api, max_retries=0)


@pytest.fixture(scope="session", params=["user", "account"])
def platform_owner(request):
    """Who owns the token that is planned for the platform."""
    return request.param


@pytest.fixture(scope="session")
def platform(plan_token, connect, platform_owner):
    """A client under a token that flarekeep planned for the platform."""
    name = f"platform-{platform_owner}"
    return connect(plan_token(name, "--recipe", "saas-platform", "--owner", platform_owner).value)


@pytest.fixture(scope="session")
def r2_only(plan_token, connect):
    """A client under a token for R2 and nothing else."""
    return connect(plan_token("r2-only", "--operation", "POST /accounts/{account_id}/r2/buckets").value)


@pytest.fixture(scope="session")
def dns_only(plan_token, connect):
    """A client under a token that reads DNS records and nothing else."""
    return connect(plan_token("dns-only", "--operation", "GET /zones/{zone_id}/dns_records").value)


@pytest.fixture
def denied():
    """Asserts that a call is refused for want of a permission, with the code of its product family."""

    def check(code, call):
        with pytest.raises(cloudflare.PermissionDeniedError) as refused:
            call()
        assert refused.value.status_code == 403
        assert [error.code for error in refused.value.errors] == [code]

    return check
