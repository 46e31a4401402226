"""Each product family once under the token that flarekeep planned for the platform, and once under one that lacks it."""

import uuid

import cloudflare
import pytest

WORKER = b"export default { fetch() { return new Response('hello'); } };"


def fresh(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def worker(platform, world):
    """A Worker under the platform's token."""
    name = fresh("router")
    upload(platform, world, name)
    yield name
    platform.workers.scripts.delete(name, account_id=world.account_id)


def upload(client, world, name):
    return client.workers.scripts.update(
        name,
        account_id=world.account_id,
        metadata={"main_module": "worker.js", "compatibility_date": "2026-01-01"},
        files=[("worker.js", WORKER, "application/javascript+module")],
    )


def test_accounts(platform, platform_owner, dns_only, world, denied):
    if platform_owner == "user":
        assert [account.id for account in platform.accounts.list()] == [world.account_id]
    else:
        # Cloudflare closes the list to account-owned tokens.
        with pytest.raises(cloudflare.BadRequestError, match="does not support account owned tokens"):
            platform.accounts.list()
    assert platform.accounts.get(account_id=world.account_id).id == world.account_id
    denied(9109, lambda: dns_only.accounts.get(account_id=world.account_id))


def test_zones(platform, r2_only, world, denied):
    [zone] = platform.zones.list(name=world.zone_name)
    assert (zone.id, zone.status, zone.account.id) == (world.zone_id, "active", world.account_id)
    assert list(platform.zones.list(name="www.example.org")) == []
    assert platform.zones.get(zone_id=world.zone_id).name == world.zone_name
    denied(9109, lambda: r2_only.zones.get(zone_id=world.zone_id))
    denied(9109, lambda: r2_only.zones.list(name=world.zone_name))


def test_dns_records(platform, r2_only, dns_only, world, denied):
    records, zone_id = platform.dns.records, world.zone_id
    name, other = (f"{fresh('www')}.{world.zone_name}" for _ in range(2))
    made = records.create(zone_id=zone_id, type="A", name=name, content="192.0.2.1", ttl=1, proxied=True)
    text = records.create(zone_id=zone_id, type="TXT", name=other, content='"hello"', ttl=120)

    def ids(**filters):
        return {record.id for record in records.list(zone_id=zone_id, **filters)}

    assert {made.id, text.id} <= ids(per_page=1)
    assert ids(name={"exact": name}) == {made.id}
    assert text.id in ids(type="TXT") and made.id not in ids(type="TXT")
    assert ids(content={"exact": "192.0.2.1"}, name={"exact": name}) == {made.id}
    assert ids(name={"exact": f"missing.{world.zone_name}"}) == set()

    edited = records.edit(made.id, zone_id=zone_id, type="A", name=name, content="192.0.2.2", ttl=1)
    assert (edited.id, edited.content, edited.proxied) == (made.id, "192.0.2.2", True)
    with pytest.raises(cloudflare.BadRequestError):
        records.create(zone_id=zone_id, type="A", name=name, content="not an address", ttl=1)

    denied(10000, lambda: r2_only.dns.records.list(zone_id=zone_id))
    assert dns_only.dns.records.get(made.id, zone_id=zone_id).content == "192.0.2.2"
    denied(10000, lambda: dns_only.dns.records.delete(made.id, zone_id=zone_id))

    for record in (made, text):
        assert records.delete(record.id, zone_id=zone_id).id == record.id
    with pytest.raises(cloudflare.NotFoundError):
        records.delete(made.id, zone_id=zone_id)


def test_r2_buckets(platform, r2_only, dns_only, world, denied):
    account = {"account_id": world.account_id}
    for client in (platform, r2_only):
        name = fresh("tenants")
        assert client.r2.buckets.create(**account, name=name).name == name
        assert name in [bucket.name for bucket in client.r2.buckets.list(**account).buckets]
        assert client.r2.buckets.get(name, **account).name == name
        client.r2.buckets.delete(name, **account)
        with pytest.raises(cloudflare.NotFoundError):
            client.r2.buckets.get(name, **account)
    denied(10000, lambda: dns_only.r2.buckets.list(**account))
    denied(10000, lambda: dns_only.r2.buckets.create(**account, name=fresh("denied")))


def test_workers_scripts(platform, r2_only, worker, world, denied):
    account = {"account_id": world.account_id}
    assert worker in [script.id for script in platform.workers.scripts.list(**account)]
    assert b"hello" in platform.workers.scripts.get(worker, **account).encode()
    scripts = platform.workers.scripts
    scripts.secrets.update(worker, **account, name="SECRET", text="hidden", type="secret_text")
    bindings = scripts.script_and_version_settings.get(worker, **account).bindings
    assert [(binding.name, binding.type) for binding in bindings] == [("SECRET", "secret_text")]
    assert scripts.subdomain.create(worker, **account, enabled=False).enabled is False
    denied(10000, lambda: list(r2_only.workers.scripts.list(**account)))
    denied(10000, lambda: upload(r2_only, world, fresh("denied")))


def test_workers_routes(platform, r2_only, worker, world, denied):
    routes, zone = platform.workers.routes, {"zone_id": world.zone_id}
    pattern = f"{fresh('tenant')}.{world.zone_name}/*"
    made = routes.create(**zone, pattern=pattern, script=worker)
    assert (made.pattern, made.script) == (pattern, worker)
    assert made.id in [route.id for route in routes.list(**zone)]
    wider = pattern.removesuffix("*") + "static/*"
    assert routes.update(made.id, **zone, pattern=wider, script=worker).pattern == wider
    denied(10000, lambda: list(r2_only.workers.routes.list(**zone)))
    denied(10000, lambda: r2_only.workers.routes.delete(made.id, **zone))
    routes.delete(made.id, **zone)
    assert made.id not in [route.id for route in routes.list(**zone)]


def test_custom_hostnames(platform, r2_only, world, denied):
    hostnames, zone = platform.custom_hostnames, {"zone_id": world.zone_id}
    name = f"{fresh('shop')}.example.org"
    made = hostnames.create(**zone, hostname=name, ssl={"method": "http", "type": "dv"})
    assert (made.hostname, made.ssl.method, made.ssl.type) == (name, "http", "dv")
    assert [found.id for found in hostnames.list(**zone, hostname={"contain": name})] == [made.id]
    edited = hostnames.edit(made.id, **zone, ssl={"method": "txt", "type": "dv"})
    assert (edited.id, edited.ssl.method) == (made.id, "txt")
    denied(10000, lambda: list(r2_only.custom_hostnames.list(**zone)))
    denied(10000, lambda: r2_only.custom_hostnames.create(**zone, hostname="denied.example.org"))
    hostnames.delete(made.id, **zone)
    with pytest.raises(cloudflare.NotFoundError):
        hostnames.get(made.id, **zone)


def test_the_fallback_origin(platform, r2_only, world, denied):
    zone, origin = {"zone_id": world.zone_id}, f"{fresh('origin')}.{world.zone_name}"
    record = platform.dns.records.create(**zone, type="AAAA", name=origin, content="100::", ttl=1, proxied=True)
    platform.custom_hostnames.fallback_origin.update(**zone, origin=origin)
    assert platform.custom_hostnames.fallback_origin.get(**zone).origin == origin
    denied(10000, lambda: r2_only.custom_hostnames.fallback_origin.get(**zone))
    platform.dns.records.delete(record.id, **zone)


def test_kv(platform, r2_only, world, denied):
    account, namespaces = {"account_id": world.account_id}, platform.kv.namespaces
    title = fresh("tenants")
    made = namespaces.create(**account, title=title)
    assert made.title == title
    assert made.id in [namespace.id for namespace in namespaces.list(**account, per_page=1)]
    here = {**account, "namespace_id": made.id}
    for key, value in [("shop.example.org", b"release-1"), ("a/b c%ü", b"\x00\xff"), ("empty", b"")]:
        # This SDK takes no text here, whatever its types say.
        namespaces.values.update(key, **here, value=value)
        assert namespaces.values.get(key, **here).read() == value
    assert {key.name for key in namespaces.keys.list(**here)} == {"shop.example.org", "a/b c%ü", "empty"}
    namespaces.values.delete("empty", **here)
    with pytest.raises(cloudflare.NotFoundError):
        namespaces.values.get("empty", **here)
    denied(10000, lambda: list(r2_only.kv.namespaces.list(**account)))
    denied(10000, lambda: r2_only.kv.namespaces.values.update("key", **here, value=b"denied"))
    namespaces.delete(made.id, **account)
    assert made.id not in [namespace.id for namespace in namespaces.list(**account)]


def test_the_plan_grants_nothing_beside_the_platform(platform, world, denied):
    denied(9109, lambda: platform.accounts.members.list(account_id=world.account_id))
    denied(7403, lambda: platform.d1.database.list(account_id=world.account_id))
    denied(10000, lambda: platform.zero_trust.tunnels.cloudflared.list(account_id=world.account_id))
    denied(9109, lambda: platform.zones.settings.get("ssl", zone_id=world.zone_id))
