"""Jobs done with the SDK, each with the plan that its recording gives: enough, and nothing too much."""

import pytest
from cloudflare import Cloudflare

import proof

WORKER = b"export default { fetch() { return new Response('hello'); } };"
ACCOUNT, ZONE = {"account_id": proof.ACCOUNT}, {"zone_id": proof.ZONE}


@pytest.fixture
def proved(tmp_path):
    """Proves the plan of a job that is done with a client, and gives what it grants."""

    def prove(work):
        def job(local, value, _):
            work(Cloudflare(api_token=value, base_url=local.api, max_retries=0))

        return proof.granted(proof.prove(job, tmp_path))

    return prove


def test_dns_records(proved):
    def work(client):
        [zone] = client.zones.list(name="example.com")
        records = client.dns.records
        made = records.create(zone_id=zone.id, type="A", name="www.example.com", content="192.0.2.1", ttl=1)
        assert made.id in [record.id for record in records.list(zone_id=zone.id)]
        records.edit(made.id, zone_id=zone.id, type="A", name="www.example.com", content="192.0.2.2", ttl=1)
        records.delete(made.id, zone_id=zone.id)

    assert proved(work) == ["DNS Write@zone", "Zone Read@zone"]


def test_a_look_around(proved):
    def work(client):
        assert client.user.tokens.verify().status == "active"
        assert client.accounts.get(**ACCOUNT).id == proof.ACCOUNT
        assert [zone.id for zone in client.zones.list()] == [proof.ZONE]
        list(client.dns.records.list(**ZONE))
        list(client.workers.routes.list(**ZONE))
        list(client.kv.namespaces.list(**ACCOUNT))
        client.r2.buckets.list(**ACCOUNT)

    assert proved(work) == [
        "DNS Read@zone",
        "Workers KV Storage Read@account",
        "Workers R2 Storage Read@account",
        "Workers Routes Read@zone",
        "Zone Read@zone",
    ]


def test_a_worker_with_its_route_and_its_values(proved):
    def work(client):
        client.r2.buckets.create(**ACCOUNT, name="sdk-job")
        namespace = client.kv.namespaces.create(**ACCOUNT, title="sdk-job").id
        client.kv.namespaces.values.update("key", **ACCOUNT, namespace_id=namespace, value=b"value")
        client.workers.scripts.update(
            "sdk-job",
            **ACCOUNT,
            metadata={"main_module": "worker.js"},
            files=[("worker.js", WORKER, "application/javascript+module")],
        )
        route = client.workers.routes.create(**ZONE, pattern="example.com/*", script="sdk-job")
        client.workers.routes.delete(route.id, **ZONE)
        client.workers.scripts.delete("sdk-job", **ACCOUNT)
        client.kv.namespaces.delete(namespace, **ACCOUNT)
        client.r2.buckets.delete("sdk-job", **ACCOUNT)

    assert proved(work) == [
        "Workers KV Storage Write@account",
        "Workers R2 Storage Write@account",
        "Workers Routes Write@zone",
        "Workers Scripts Write@account",
    ]
