"""What stands between the program and Cloudflare: it counts the requests, may end the program at one of them, lose its answer or
be too busy for it, and writes down what was asked of the pointer and of the edge's copy of it."""

import hashlib
import http.client
import json
import re
import socket
import socketserver
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import unquote

from .register import NEVER, NOTHING, Operation

#: What may happen at a request. The first two kill the program: before the request is passed on, and after it was carried out
#: but before its answer. The others leave it alive: the answer is lost, or says that the server was busy, rightly or not.
FAULTS = ("killed before", "killed after", "answer lost", "busy", "busy after")
KILLS = FAULTS[:2]


@dataclass
class Kept:
    """What was asked of the one site's pointer and of the edge's copy."""

    pointer: list = field(default_factory=list)
    edge: list = field(default_factory=list)  # (release, begin, end) of writes that were carried out, in their order
    releases: dict = field(default_factory=dict)  # what identifies a pointer's content -> the release that it names

    def name(self, body):
        """What identifies the content of a pointer: R2's ETag of an object that was written at once is its MD5."""
        name = hashlib.md5(body).hexdigest()
        self.releases[name] = json.loads(body)["release"]
        return name


class Wire:
    """A run's own way to the bucket (`s3`) and to the API (`api`). `fault` is the number of a request, from 1 on, and what
    happens at it; `gate`, a pause before the request whose line it is given."""

    def __init__(self, kept, tenant, s3, api, fault=None, gate=None):
        self.kept, self.tenant, self.fault, self.gate = kept, tenant, fault, gate
        self.lines, self.lock, self.process = [], threading.Lock(), None
        self.is_cut = False
        self.servers = [_Server(self, address) for address in (s3, api)]
        self.s3, self.api = (f"http://127.0.0.1:{server.server_address[1]}" for server in self.servers)

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def passed(self, upstream, line, headers, whole):
        """Passes a request on, and gives its answer; `None` where there is to be none."""
        if self.gate:
            self.gate(line)
        with self.lock:
            self.lines.append(line)
            number = len(self.lines)
        what = self.fault[1] if self.fault and self.fault[0] == number else None
        if self.is_cut or what == "killed before":
            self._kill()
            return None
        if what == "busy":
            return BUSY
        operation = self._operation(line, headers, whole)
        begin = time.monotonic()
        answer = upstream(whole)
        end = time.monotonic()
        if what == "killed after":
            self._kill()
        is_seen = what in (None, "busy after") and not self.is_cut
        self._write_down(operation, answer, begin, end, is_seen and what is None)
        if not is_seen:
            return None
        return BUSY if what == "busy after" else answer

    def _kill(self):
        self.is_cut = True
        self.process.kill()

    def _operation(self, line, headers, whole):
        method, path = line.split(" ")[:2]
        path = unquote(path)
        if path.endswith(f"/sites/{self.tenant}/current.json"):
            body = whole[1]
            if method == "PUT":
                before = headers["if-match"].strip('"') if "if-match" in headers else NOTHING
                assert before is not NOTHING or headers.get("if-none-match") == "*", "a pointer is written under a condition"
                return "write", self.kept.name(body), before
            return method.lower(), None, None
        if method == "PUT" and path.endswith(f"/values/site:{self.tenant}"):
            return "edge", json.loads(whole[1])["release"], None
        return None

    def _write_down(self, operation, answer, begin, end, is_answered):
        if operation is None:
            return
        kind, value, before = operation
        status, body = answer[0], answer[2]
        if kind == "edge":
            if status == 200:
                self.kept.edge.append((value, begin, end))
        elif kind == "write":
            assert status in (200, 412), (status, body)
            self.kept.pointer.append(Operation("write", value, begin, end if is_answered else NEVER, before, status == 200))
        elif kind == "delete":
            assert status == 204, (status, body)
            self.kept.pointer.append(Operation("delete", NOTHING, begin, end if is_answered else NEVER))
        elif kind == "get" and is_answered:
            value = self.kept.name(body) if status == 200 else NOTHING
            self.kept.pointer.append(Operation("read", value, begin, end))


BUSY = (503, [("Content-Type", "text/plain"), ("Retry-After", "0")], b"busy")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

    def __init__(self, wire, upstream):
        super().__init__(("127.0.0.1", 0), _Line)
        self.wire, self.upstream = wire, re.fullmatch(r"http://([\d.]+):(\d+)", upstream).groups()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, *_):
        pass


class _Line(socketserver.StreamRequestHandler):
    """One connection of the program's, and one behind it."""

    disable_nagle_algorithm = True
    behind = None

    def handle(self):
        while self._one():
            pass

    def _one(self):
        first = self.rfile.readline()
        if not first:
            return False
        head, headers = [first], {}
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            head.append(line)
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        line = first.decode("latin-1").rsplit(" ", 1)[0]
        answer = self.server.wire.passed(self._upstream, line, headers, (b"".join(head) + b"\r\n", body))
        if answer is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return False
        status, given, body = answer
        lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, '')}"]
        lines += [f"{name}: {value}" for name, value in given if name.lower() not in ("transfer-encoding", "content-length", "connection")]
        lines += [f"Content-Length: {len(body)}", "", ""]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + body)
        return True

    def _upstream(self, whole):
        for again in (True, False):
            try:
                if self.behind is None:
                    host, port = self.server.upstream
                    self.behind = socket.create_connection((host, int(port)), timeout=60)
                    self.behind.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.behind.sendall(whole[0] + whole[1])
                answer = http.client.HTTPResponse(self.behind, method=whole[0].split(b" ", 1)[0].decode())
                answer.begin()
                body = answer.read()
                if answer.will_close:
                    self._hang_up()
                return answer.status, answer.getheaders(), body
            except http.client.RemoteDisconnected:
                # An idle connection that the server has given up: nothing was carried out.
                self._hang_up()
                if not again:
                    raise

    def _hang_up(self):
        self.behind.close()
        self.behind = None

    def finish(self):
        if self.behind is not None:
            self._hang_up()
        try:
            super().finish()
        except OSError:
            pass
