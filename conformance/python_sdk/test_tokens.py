"""A token's life through the SDK, for tokens of the user and of the account."""

import datetime
import uuid

import cloudflare
import pytest

USER_KEY = "com.cloudflare.api.user"
ZONE_KEY = "com.cloudflare.api.account.zone"


class Owned:
    """The SDK's calls for the tokens of one owner: the user's need no account id, the account's do."""

    def __init__(self, resource, account_id=None):
        self.resource = resource
        self.where = {} if account_id is None else {"account_id": account_id}

    def list(self, **filters):
        return self.resource.list(**self.where, **filters)

    def create(self, **token):
        return self.resource.create(**self.where, **token)

    def get(self, token_id):
        return self.resource.get(token_id, **self.where)

    def update(self, token_id, **token):
        return self.resource.update(token_id, **self.where, **token)

    def delete(self, token_id):
        return self.resource.delete(token_id, **self.where)

    def verify(self):
        return self.resource.verify(**self.where)

    def roll(self, token_id):
        return self.resource.value.update(token_id, **self.where)

    def permission_groups(self, **filters):
        return list(self.resource.permission_groups.list(**self.where, **filters))


@pytest.fixture(params=["user", "account"])
def owner(request):
    return request.param


@pytest.fixture
def tokens_of(owner, world):
    """The tokens of the owner, as a client sees them."""

    def of(client):
        if owner == "user":
            return Owned(client.user.tokens)
        return Owned(client.accounts.tokens, world.account_id)

    return of


@pytest.fixture
def dns_policy(admin, tokens_of, world):
    """A policy that reads the DNS records of the zone."""
    groups = tokens_of(admin).permission_groups(name="DNS Read")
    assert [group.scopes for group in groups] == [[ZONE_KEY]]
    return {
        "effect": "allow",
        "permission_groups": [{"id": groups[0].id}],
        "resources": {f"{ZONE_KEY}.{world.zone_id}": "*"},
    }


@pytest.fixture
def made(admin, tokens_of, dns_policy):
    """Makes tokens, and deletes what is left of them."""
    tokens = tokens_of(admin)
    ids = []

    def make(**fields):
        token = tokens.create(**{"name": f"sdk-{uuid.uuid4()}", "policies": [dns_policy], **fields})
        ids.append(token.id)
        return token

    yield make
    for token_id in ids:
        try:
            tokens.delete(token_id)
        except cloudflare.NotFoundError:
            pass


def assert_dead(client, tokens, world):
    """The value opens nothing, and verify says so in the SDK's own words."""
    with pytest.raises(cloudflare.AuthenticationError) as refused:
        tokens.verify()
    assert refused.value.status_code == 401
    with pytest.raises((cloudflare.AuthenticationError, cloudflare.PermissionDeniedError)):
        client.dns.records.list(zone_id=world.zone_id)


def test_create_gives_a_value_that_works(made, connect, tokens_of, owner, world):
    token = made()
    assert token.value.startswith({"user": "cfut_", "account": "cfat_"}[owner]) and len(token.value) == 5 + 48
    client = connect(token.value)
    verified = tokens_of(client).verify()
    assert (verified.id, verified.status) == (token.id, "active")
    assert list(client.dns.records.list(zone_id=world.zone_id)) is not None


def test_get_shows_what_was_made_but_never_the_value(made, admin, tokens_of, dns_policy, world):
    end = datetime.datetime.now(datetime.UTC).replace(microsecond=0) + datetime.timedelta(days=90)
    condition = {"request_ip": {"in": ["127.0.0.0/8"], "not_in": ["127.9.0.0/16"]}}
    token = made(name="sdk-full", condition=condition, expires_on=end)
    shown = tokens_of(admin).get(token.id)
    assert (shown.name, shown.status, shown.expires_on) == ("sdk-full", "active", end)
    assert (shown.condition.request_ip.in_, shown.condition.request_ip.not_in) == (["127.0.0.0/8"], ["127.9.0.0/16"])
    [policy] = shown.policies
    assert policy.effect == "allow" and policy.id
    assert [(group.id, group.name) for group in policy.permission_groups] == [
        (dns_policy["permission_groups"][0]["id"], "DNS Read")
    ]
    assert policy.resources == {f"{ZONE_KEY}.{world.zone_id}": "*"}
    assert token.value not in shown.model_dump_json()


def test_list_goes_through_all_pages(made, admin, tokens_of):
    ids = {made().id for _ in range(11)}
    tokens = tokens_of(admin)
    first = tokens.list(per_page=5)
    assert len(first.result) == 5 and first.result_info.per_page == 5
    listed = [token.id for token in tokens.list(per_page=5)]
    assert ids <= set(listed) and len(listed) == len(set(listed))
    assert tokens.list(page=1_000).result == []


def test_list_goes_both_ways(made, admin, tokens_of):
    made(), made()
    up = [token.id for token in tokens_of(admin).list(direction="asc")]
    down = [token.id for token in tokens_of(admin).list(direction="desc")]
    assert up == down[::-1] and len(up) >= 2


def test_update_replaces_policies_and_keeps_the_value(made, admin, tokens_of, connect, dns_policy, world, denied):
    token = made()
    client, tokens = connect(token.value), tokens_of(admin)
    [zone_read] = tokens.permission_groups(name="Zone Read", scope=ZONE_KEY)
    narrowed = {**dns_policy, "permission_groups": [{"id": zone_read.id}]}
    updated = tokens.update(token.id, name="sdk-updated", policies=[narrowed], status="active")
    assert updated.name == "sdk-updated"
    assert client.zones.get(zone_id=world.zone_id).id == world.zone_id
    denied(10000, lambda: client.dns.records.list(zone_id=world.zone_id))


def test_a_disabled_token_is_refused_until_it_is_enabled(made, admin, tokens_of, connect, dns_policy, world):
    token = made()
    client, tokens = connect(token.value), tokens_of(admin)
    tokens.update(token.id, name="sdk-disabled", policies=[dns_policy], status="disabled")
    assert tokens.get(token.id).status == "disabled"
    assert_dead(client, tokens_of(client), world)
    tokens.update(token.id, name="sdk-disabled", policies=[dns_policy], status="active")
    assert tokens_of(client).verify().status == "active"


def test_a_rolled_value_is_dead_and_the_new_one_alive(made, admin, tokens_of, connect, world):
    token = made()
    value = tokens_of(admin).roll(token.id)
    assert isinstance(value, str) and value != token.value and value[:5] == token.value[:5]
    old, new = connect(token.value), connect(value)
    assert_dead(old, tokens_of(old), world)
    assert tokens_of(new).verify().id == token.id


def test_a_deleted_token_is_dead_and_gone(made, admin, tokens_of, connect, world):
    token = made()
    tokens, client = tokens_of(admin), connect(token.value)
    assert tokens.delete(token.id).id == token.id
    assert_dead(client, tokens_of(client), world)
    for call in (tokens.get, tokens.delete, tokens.roll):
        with pytest.raises(cloudflare.NotFoundError):
            call(token.id)


def test_an_expired_or_future_token_is_refused(made, tokens_of, connect, world):
    now = datetime.datetime.now(datetime.UTC)
    tomorrow, yesterday = now + datetime.timedelta(days=1), now - datetime.timedelta(days=1)
    for fields in ({"not_before": tomorrow}, {"expires_on": yesterday}):
        client = connect(made(**fields).value)
        assert_dead(client, tokens_of(client), world)


def test_another_address_is_refused(made, connect, world):
    client = connect(made(condition={"request_ip": {"in": ["192.0.2.0/24"]}}).value)
    with pytest.raises(cloudflare.PermissionDeniedError) as refused:
        client.dns.records.list(zone_id=world.zone_id)
    assert [error.code for error in refused.value.errors] == [9109]


def test_permission_groups_are_those_of_the_owner(admin, tokens_of, owner):
    groups = tokens_of(admin).permission_groups()
    assert len(groups) > 300
    assert len({group.id for group in groups}) == len(groups)
    assert any(USER_KEY in group.scopes for group in groups) == (owner == "user")
    zone = tokens_of(admin).permission_groups(scope=ZONE_KEY)
    assert 0 < len(zone) < len(groups) and all(group.scopes == [ZONE_KEY] for group in zone)
    assert tokens_of(admin).permission_groups(name="No Such Group") == []


def test_bad_tokens_are_refused(admin, tokens_of, dns_policy):
    tokens = tokens_of(admin)
    for name, policies in [
        ("", [dns_policy]),
        ("n" * 121, [dns_policy]),
        ("no-policies", []),
        ("unknown-group", [{**dns_policy, "permission_groups": [{"id": "0" * 32}]}]),
        ("bad-resource", [{**dns_policy, "resources": {"com.cloudflare.api.account.zone.nothing": "*"}}]),
    ]:
        with pytest.raises(cloudflare.BadRequestError):
            tokens.create(name=name, policies=policies)


def test_a_token_without_the_right_manages_no_tokens(platform, tokens_of, dns_policy, denied):
    tokens = tokens_of(platform)
    denied(9109, tokens.list)
    denied(9109, lambda: tokens.create(name="sdk-escalated", policies=[dns_policy]))
