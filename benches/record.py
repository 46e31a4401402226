"""Calls and an upload through the proxy of `flarekeep record`, beside the same without it, in turns."""

import http.client
import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from pathlib import Path
from urllib.parse import unquote, urlsplit

CALLS = int(os.environ.get("CALLS", 3000))
MIB = int(os.environ.get("MIB", 1024))
API, PATH = "api.cloudflare.com", "/client/v4/zones?name=example.com"
#: Bounds that hold: milliseconds that a call is given, and MiB that the recorder may ever have.
MOST_MS, MOST_MEMORY = 1.5, 64


def main(built):
    emulator = subprocess.Popen(
        [f"{built}/flarekeep", "emulate", "--listen", "127.0.0.1:0", "--json", "--quiet", "--rate-limit", "off"],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        facts = json.loads(emulator.stdout.readline())
        sink = Sink()
        with tempfile.TemporaryDirectory() as folder:
            record = [f"{built}/flarekeep", "record", "--to", facts["api"], "--r2", sink.url, "--quiet", "--out", "calls.jsonl", "--"]
            child = [sys.executable, __file__, "--inside", facts["api"], facts["email"], facts["global_key"], facts["account_id"], sink.url]
            environment = {"PATH": os.environ["PATH"], "HOME": folder, "CALLS": str(CALLS), "MIB": str(MIB)}
            done = subprocess.run(record + child, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, timeout=1800)
            figures = json.loads(done.stdout.splitlines()[0])
            lines = len((Path(folder) / "calls.jsonl").read_text().splitlines())
    finally:
        emulator.terminate()
        emulator.wait()
    added = figures["through"] - figures["straight"]
    print(f"a call on a connection that is open: {figures['straight']:.2f} ms straight, {figures['through']:.2f} ms through: {added:+.2f} ms")
    print(f"  of them the slowest hundredth: {figures['straight_99']:.2f} ms, {figures['through_99']:.2f} ms; {lines} lines were written")
    print(f"a call on a new connection: {figures['new_straight']:.2f} ms straight, {figures['new_through']:.2f} ms through, with TLS")
    print(f"{MIB} MiB put: {figures['put_straight']:.2f} s straight, {figures['put_through']:.2f} s through, with TLS")
    print(f"the recorder's memory: {figures['before']:.0f} MiB before, {figures['peak']:.0f} MiB at most")
    faults = []
    if added > MOST_MS:
        faults.append(f"a call is given more than {MOST_MS} ms")
    if figures["peak"] > MOST_MEMORY:
        faults.append(f"the recorder had more than {MOST_MEMORY} MiB")
    if lines < CALLS:
        faults.append("calls are missing in the recording")
    sys.exit("; ".join(faults) or 0)


class Sink:
    """A server that takes what it is given and keeps nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.swallow, args=(connection,), daemon=True).start()

    def swallow(self, connection):
        buffer, head = bytearray(1 << 20), b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        head, rest = head.split(b"\r\n\r\n", 1)
        [length] = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        left = int(length.split(b":")[1]) - len(rest)
        while left > 0:
            left -= connection.recv_into(buffer)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        connection.close()


def inside(api, email, key, account, sink):
    """What is run under the recorder."""
    headers = {"X-Auth-Email": email, "X-Auth-Key": key}
    straight = lambda: http.client.HTTPConnection(urlsplit(api).netloc)

    def call(connection):
        begun = time.perf_counter()
        connection.request("GET", PATH, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        return (time.perf_counter() - begun) * 1000

    def new(make):
        begun = time.perf_counter()
        connection = make()
        call(connection)
        taken = (time.perf_counter() - begun) * 1000
        connection.close()
        return taken

    ways = {"straight": straight(), "through": tunnel(API)}
    for connection in ways.values():
        for _ in range(50):
            call(connection)
    times = {way: [] for way in ways}
    for number in range(CALLS):
        for way in sorted(ways, reverse=number % 2 == 0):
            times[way].append(call(ways[way]))
    figures = {way: statistics.median(taken) for way, taken in times.items()}
    figures |= {f"{way}_99": statistics.quantiles(taken, n=100)[-1] for way, taken in times.items()}
    figures["new_straight"] = statistics.median(new(straight) for _ in range(100))
    figures["new_through"] = statistics.median(new(lambda: tunnel(API)) for _ in range(100))
    figures["before"] = peak()
    for way, make in [
        ("put_straight", lambda: http.client.HTTPConnection(urlsplit(sink).netloc)),
        ("put_through", lambda: tunnel(f"{account}.r2.cloudflarestorage.com")),
    ]:
        connection, chunk = make(), bytes(1 << 20)
        begun = time.perf_counter()
        connection.request("PUT", "/media/large", body=(chunk for _ in range(MIB)), headers={"Content-Length": str(MIB << 20)})
        assert connection.getresponse().status == 200
        figures[way] = time.perf_counter() - begun
    figures["peak"] = peak()
    print(json.dumps(figures))


#: Reading the roots takes Python 30 ms; a client does so once.
TRUST = ssl.create_default_context()


def tunnel(host):
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    secret = b64encode(f"{proxy.username}:{unquote(proxy.password)}".encode()).decode()
    connection = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=TRUST)
    connection.set_tunnel(host, 443, {"Proxy-Authorization": f"Basic {secret}"})
    return connection


def peak():
    """The most memory that the recorder, which started this process, ever had, in MiB."""
    status = Path(f"/proc/{os.getppid()}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    inside(*sys.argv[2:]) if sys.argv[1] == "--inside" else main(sys.argv[1])
