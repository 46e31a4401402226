"""What the edge keeps apart: exceptions from answers, refusals from exceptions, one Worker's circle from all others."""

import base64

import proof
from test_edge import ACCOUNT, SAY


def test_an_answer_that_looks_like_an_exception_is_the_workers_own(edge):
    source = "export default { fetch() { return new Response(new TextEncoder().encode('x'.repeat(21)), { status: 500 }) } }"
    edge.upload("own500", source)
    edge.route("own500.example.com/*", "own500")
    answer = edge.ask(host="own500.example.com")
    assert (answer.status, answer.text) == (500, "x" * 21)
    assert answer.headers["x-flarekeep-edge"].startswith("worker=own500")
    assert edge.ask(host="own500.example.com", method="HEAD").headers["x-flarekeep-edge"].startswith("worker=own500")
    edge.upload("thrown", "export default { fetch() { throw new Error('on purpose') } }")
    edge.route("thrown.example.com/*", "thrown")
    assert edge.ask(host="thrown.example.com", method="HEAD").headers["x-flarekeep-edge"] == "exception"


def test_what_workerd_refuses_does_not_start(edge):
    edge.upload("flagged", SAY.format("never"), compatibility_flags=["experimental"])
    edge.route("flagged.example.com/*", "flagged")
    for _ in range(2):
        answer = edge.ask(host="flagged.example.com")
        assert answer.headers["x-flarekeep-edge"] == "not-started" and "experimental" in answer.text, answer.text


def test_a_worker_that_calls_itself_holds_up_no_other(edge):
    self = [{"type": "service", "name": "SELF", "service": "circle"}]
    source = """export default { async fetch(request, env) {
      const depth = Number(new URL(request.url).searchParams.get("n") ?? 0) + 1;
      const url = `http://circle.example.com/?n=${depth}`;
      const answer = await env.SELF.fetch(new URL(request.url).pathname === "/on" ? new Request(url.replace("/?", "/on?"), request) : url);
      return answer.status === 503 ? new Response(depth) : answer } }"""
    edge.upload("circle", source, self)
    edge.route("circle.example.com/*", "circle")
    assert edge.ask("/on", "circle.example.com").text == "33", "32 calls after the visitor's"
    deepest = edge.ask("/", "circle.example.com")
    assert int(deepest.text) <= 300
    edge.upload("bystander", SAY.format("here"))
    edge.route("bystander.example.com/*", "bystander")
    assert edge.ask(host="bystander.example.com").text == "here"


def test_a_key_is_a_key(edge):
    key = {"type": "secret_key", "name": "KEY", "format": "raw", "key_base64": base64.b64encode(b"k" * 32).decode(),
           "algorithm": {"name": "HMAC", "hash": "SHA-256"}, "usages": ["sign", "verify"]}
    source = """export default { async fetch(request, env) {
      const mac = await crypto.subtle.sign("HMAC", env.KEY, new TextEncoder().encode("text"));
      return new Response([...new Uint8Array(mac)].map((byte) => byte.toString(16).padStart(2, "0")).join("")) } }"""
    edge.upload("keyed", source, [key])
    edge.route("keyed.example.com/*", "keyed")
    import hashlib
    import hmac
    assert edge.ask(host="keyed.example.com").text == hmac.new(b"k" * 32, b"text", hashlib.sha256).hexdigest()


def test_keys_of_other_formats(edge):
    """An Ed25519 pair of RFC 8410's form: the private key in PKCS #8, the public one as SPKI and as a JSON Web Key."""
    source = """export default { async fetch(request, env) {
      const text = new TextEncoder().encode("text");
      const mac = await crypto.subtle.sign("Ed25519", env.PRIVATE, text);
      return Response.json([await crypto.subtle.verify("Ed25519", env.PUBLIC, mac, text), await crypto.subtle.verify("Ed25519", env.JWK, mac, text)]) } }"""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    encoded = lambda data: base64.b64encode(data).decode()
    algorithm = {"type": "secret_key", "algorithm": {"name": "Ed25519"}}
    keys = [
        {**algorithm, "name": "PRIVATE", "format": "pkcs8", "usages": ["sign"],
         "key_base64": encoded(bytes.fromhex("302e020100300506032b657004220420") + seed)},
        {**algorithm, "name": "PUBLIC", "format": "spki", "usages": ["verify"],
         "key_base64": encoded(bytes.fromhex("302a300506032b6570032100") + public)},
        {**algorithm, "name": "JWK", "format": "jwk", "usages": ["verify"],
         "key_jwk": {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(public).decode().rstrip("=")}},
    ]
    edge.upload("pair", source, keys)
    edge.route("pair.example.com/*", "pair")
    answer = edge.ask(host="pair.example.com")
    assert answer.status == 200 and answer.json() == [True, True], answer.text
