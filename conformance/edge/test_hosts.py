"""Custom domains and custom hostnames reach their Workers."""

import json

import proof

ACCOUNT, ZONE = f"/accounts/{proof.ACCOUNT}", f"/zones/{proof.ZONE}"
SAY = "export default {{ fetch() {{ return new Response('{}') }} }}"
#: A customer's zone, which is another's.
CUSTOMERS = "11112222333344445555666677778888"
WORLD = f"""{proof.WORLD}
[[account]]
name = "Customer"
id = "99998888777766665555444433332222"

[[zone]]
name = "customer.org"
id = "{CUSTOMERS}"
account = "Customer"
"""
METADATA = "export default { fetch(request) { return Response.json(request.cf.hostMetadata ?? null) } }"


def publish(edge, **record):
    """What the customer does at their own DNS provider."""
    url = edge.api.removesuffix("/client/v4")
    status, answer = proof.send(url, "PUT", "/__flarekeep/dns", {}, json.dumps(record).encode())
    assert status == 200, answer


def serve_hostnames(edge):
    """Sets up the zone for custom hostnames: their origin, and a Worker that answers all of them."""
    record = {"type": "AAAA", "name": "fallback", "content": "100::", "ttl": 1, "proxied": True}
    edge.admin("POST", f"{ZONE}/dns_records", record)
    edge.admin("PUT", f"{ZONE}/custom_hostnames/fallback_origin", {"origin": "fallback.example.com"})
    edge.upload("tenants", METADATA)
    edge.route("*/*", "tenants")


def hostname(edge, name, ssl=(), **metadata):
    body = {"hostname": name, "ssl": {"method": "http", "type": "dv", **dict(ssl)}, "custom_metadata": metadata}
    return edge.admin("POST", f"{ZONE}/custom_hostnames", body)["id"]


def answered(reply):
    return reply.headers["x-flarekeep-edge"].split(";")[0]


def test_a_custom_domain_stands_behind_the_routes(edge):
    host = "domain.example.com"
    edge.upload("domain", SAY.format("domain"))
    edge.upload("path", SAY.format("path"))
    attach = {"hostname": host, "service": "domain", "zone_id": proof.ZONE, "environment": "production"}
    domain = edge.admin("PUT", f"{ACCOUNT}/workers/domains", attach)["id"]
    assert edge.ask("/any/path?q", host).text == "domain" and edge.ask(host="DOMAIN.example.com").text == "domain"
    assert answered(edge.ask(host=f"www.{host}")) == "no-worker"
    taken = json.dumps({**attach, "service": "path"}).encode()
    key = {"X-Auth-Email": proof.EMAIL, "X-Auth-Key": edge.global_key, "Content-Type": "application/json"}
    assert proof.send(edge.api, "PUT", f"{ACCOUNT}/workers/domains", key, taken)[0] == 409
    edge.route(f"{host}/path/*", "path")
    edge.route(f"{host}/none/*", None)
    assert [edge.ask(path, host).text for path in ("/path/x", "/none/x", "/x")] == ["path", "domain", "domain"]
    edge.upload("domain", SAY.format("newer"))
    assert edge.ask(host=host).text == "newer"
    edge.admin("DELETE", f"{ACCOUNT}/workers/domains/{domain}")
    assert answered(edge.ask(host=host)) == "no-worker" and edge.ask("/path/x", host).text == "path"


def test_a_custom_hostname_from_pending_to_its_end(edge, tmp_path):
    with type(edge)(tmp_path / "hostnames", world=WORLD) as edge:
        serve_hostnames(edge)
        assert answered(edge.ask(host="shop.acme.org")) == "unknown-host"
        made = hostname(edge, "shop.acme.org", tenant="acme", tier=3)
        assert answered(edge.ask(host="shop.acme.org")) == "inactive-hostname"
        publish(edge, name="shop.acme.org", type="CNAME", content="fallback.example.com")
        assert edge.admin("GET", f"{ZONE}/custom_hostnames/{made}")["status"] == "active"
        reply = edge.ask("/a", "Shop.Acme.org")
        assert reply.json() == {"tenant": "acme", "tier": 3} and answered(reply) == "worker=tenants"
        edge.admin("PATCH", f"{ZONE}/custom_hostnames/{made}", {"custom_metadata": {"tenant": "other"}})
        assert edge.ask(host="shop.acme.org").json() == {"tenant": "other"}
        # The zone's own hosts have no metadata, and their routes are none of the hostname's.
        edge.upload("own", SAY.format("own"))
        edge.route("*.example.com/own/*", "own")
        assert edge.ask(host="www.example.com").json() is None
        assert edge.ask("/own/x", "www.example.com").text == "own"
        assert edge.ask("/own/x", "shop.acme.org").json() == {"tenant": "other"}
        edge.admin("DELETE", f"{ZONE}/custom_hostnames/{made}")
        assert answered(edge.ask(host="shop.acme.org")) == "unknown-host"


def test_a_custom_hostname_in_a_zone_of_another(edge, tmp_path):
    with type(edge)(tmp_path / "zones", world=WORLD) as edge:
        serve_hostnames(edge)
        url = f"/zones/{CUSTOMERS}/dns_records"
        assert answered(edge.ask(host="shop.customer.org")) == "no-worker"
        hostname(edge, "shop.customer.org", tenant="customer")
        # Until it is active the host is still the customer's.
        assert answered(edge.ask(host="shop.customer.org")) == "no-worker"
        record = {"type": "CNAME", "name": "shop", "content": "fallback.example.com", "ttl": 1, "proxied": True}
        edge.admin("POST", url, record)
        assert edge.ask(host="shop.customer.org").json() == {"tenant": "customer"}
        assert answered(edge.ask(host="www.customer.org")) == "no-worker"


def test_all_hostnames_are_active_where_dns_always_leads_here(edge, tmp_path):
    with type(edge)(tmp_path / "always", "--dns", "always") as edge:
        serve_hostnames(edge)
        hostname(edge, "shop.acme.org", tenant="acme")
        wild = hostname(edge, "wild.org", {"method": "txt", "wildcard": True}, tenant="wild")
        assert answered(edge.ask(host="a.wild.org")) == "inactive-hostname"
        for record in edge.admin("GET", f"{ZONE}/custom_hostnames/{wild}")["ssl"]["validation_records"]:
            publish(edge, name=record["txt_name"], type="TXT", content=record["txt_value"])
        hostname(edge, "own.wild.org", tenant="own")
        assert edge.ask(host="shop.acme.org").json() == {"tenant": "acme"}
        tenants = [edge.ask(host=host).json()["tenant"] for host in ("wild.org", "a.wild.org", "own.wild.org")]
        assert tenants == ["wild", "wild", "own"]
        beyond = ("acme.org", "x.shop.acme.org", "a.b.wild.org")
        assert [answered(edge.ask(host=host)) for host in beyond] == ["unknown-host"] * 3
