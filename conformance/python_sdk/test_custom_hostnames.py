"""A custom hostname's whole life with the SDK: made, told what to publish, published, active, removed."""

import json
import secrets

import cloudflare
import proof
import pytest
from cloudflare import Cloudflare

ZONE = {"zone_id": proof.ZONE}
SSL = {"method": "txt", "type": "dv", "settings": {"http2": "on", "min_tls_version": "1.2", "tls_1_3": "on"}}


def publish(local, method, **record):
    """What the customer does at their own DNS provider; no credential of the platform is in it."""
    url = local.api.removesuffix("/client/v4")
    status, answer = proof.send(url, method, "/__flarekeep/dns", {}, json.dumps(record).encode())
    assert status == 200, answer


def test_a_hostname_from_its_making_to_its_end(tmp_path):
    def job(local, value, _):
        client = Cloudflare(api_token=value, base_url=local.api, max_retries=0)
        hostnames = client.custom_hostnames
        client.dns.records.create(**ZONE, type="AAAA", name="fallback", content="100::", ttl=1, proxied=True)
        hostnames.fallback_origin.update(**ZONE, origin="fallback.example.com")
        assert hostnames.fallback_origin.get(**ZONE).status == "active"
        name = f"shop-{secrets.token_hex(4)}.acme.org"
        made = hostnames.create(**ZONE, hostname=name, ssl=SSL)
        assert (made.status, made.ssl.status) == ("pending", "pending_validation")
        [record] = made.ssl.validation_records
        ownership = made.ownership_verification
        assert ownership.value != record.txt_value

        publish(local, "PUT", name=record.txt_name, type="TXT", content=record.txt_value)
        seen = hostnames.get(made.id, **ZONE)
        assert (seen.status, seen.ssl.status) == ("pending", "active")
        publish(local, "PUT", name=ownership.name, type="TXT", content=ownership.value)
        assert hostnames.get(made.id, **ZONE).status == "active"
        publish(local, "PUT", name=name, type="CNAME", content="fallback.example.com")
        again = hostnames.edit(made.id, **ZONE, ssl={"method": "txt", "type": "dv"})
        assert (again.status, again.ssl.status) == ("active", "active")
        assert [found.id for found in hostnames.list(**ZONE, hostname_status="active")] == [made.id]
        quota = hostnames.quota.get(**ZONE) if hasattr(hostnames, "quota") else None
        assert quota is None or (quota.used, quota.exceeded) == (1, False)

        hostnames.delete(made.id, **ZONE)
        with pytest.raises(cloudflare.NotFoundError):
            hostnames.get(made.id, **ZONE)

    granted = proof.granted(proof.prove(job, tmp_path))
    assert granted == ["DNS Write@zone", "SSL and Certificates Write@zone"]
