"""An emulator that runs Workers, on the workerd that wrangler brings."""

import http.client
import json
import socket
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import proof

MODULES = Path(__file__).parent / "wrangler/node_modules"
WORKERD = MODULES / "@cloudflare/workerd-linux-64/bin/workerd"


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body, self.text = status, headers, body, body.decode(errors="replace")

    def json(self):
        assert self.status == 200, (self.status, self.text)
        return json.loads(self.body)


class Edge(proof.Local):
    """An emulator that runs Workers."""

    line = None

    def __init__(self, folder, *options, world=proof.WORLD):
        facts = self.emulate(folder, world, "--edge", "--workerd", WORKERD, *options)
        self.edge = facts["edge"]

    def upload(self, name, source, bindings=(), path="", method="PUT", **metadata):
        """Uploads a Worker, whose source is that of its one module or a dictionary of several, and gives the result."""
        metadata = {"main_module": "index.js", "compatibility_date": "2026-08-01", "bindings": list(bindings), **metadata}
        modules = source if isinstance(source, dict) else {"index.js": source}
        boundary = uuid.uuid4().hex
        parts = [("metadata", None, "application/json", json.dumps(metadata))]
        parts += [(file, file, "application/javascript+module", text) for file, text in modules.items()]
        body = ""
        for part, file, kind, text in parts:
            named = f'; filename="{file}"' if file else ""
            body += f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"{named}\r\nContent-Type: {kind}\r\n\r\n{text}\r\n'
        body += f"--{boundary}--\r\n"
        headers = {"X-Auth-Email": proof.EMAIL, "X-Auth-Key": self.global_key}
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        url = f"/accounts/{proof.ACCOUNT}/workers/scripts/{name}{path}"
        status, answer = proof.send(self.api, method, url, headers, body.encode())
        assert status == 200, answer
        return answer["result"]

    def route(self, pattern, script):
        body = {"pattern": pattern, **({"script": script} if script else {})}
        return self.admin("POST", f"/zones/{proof.ZONE}/workers/routes", body)

    def ask(self, path="/", host="example.com", method="GET", body=None, **headers):
        """Asks the edge, as a visitor of `host`."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.edge + path, body, {"Host": host, **names}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Reply(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as answer:
            return Reply(answer.code, answer.headers, answer.read())

    def raw(self, method="GET", path="/", host="example.com", headers=(), body=None):
        """Asks as `ask` does, with the path and the host as they are given and without following a redirect, over one
        connection for all. An answer that is none gives status 0."""
        for again in (True, False):
            try:
                if self.line is None:
                    self.line = http.client.HTTPConnection(self.edge.removeprefix("http://"), timeout=60)
                    self.line.connect()
                    self.line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in dict(headers).items())]
                lines += [f"Content-Length: {len(body)}"] if body is not None else []
                self.line.sock.sendall("\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + (body or b""))
                answer = http.client.HTTPResponse(self.line.sock, method=method)
                answer.begin()
                reply = Reply(answer.status, answer.headers, answer.read())
                if answer.will_close:
                    self.hang_up()
                return reply
            except (http.client.HTTPException, OSError):
                self.hang_up()
                if not again:
                    return Reply(0, http.client.HTTPMessage(), b"")

    def hang_up(self):
        if self.line is not None:
            self.line.close()
        self.line = None
