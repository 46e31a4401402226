"""What the tests of every client have at hand: the emulator's facts, tokens planned by flarekeep, and no network."""

import ipaddress
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


def _only_loopback(event, arguments):
    """Refuses to connect, send or resolve beyond loopback, also where there is no namespace to keep the client in."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if host is None or host in ("localhost", b"localhost"):
        return
    try:
        inside = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise AssertionError(f"a client wanted to reach {host!r}")


sys.addaudithook(_only_loopback)


@dataclass(frozen=True)
class World:
    """The emulator's first line."""

    api: str
    account_id: str
    zone_id: str
    zone_name: str
    email: str
    global_key: str
    user_id: str
    s3: str


@pytest.fixture(scope="session")
def world():
    with open(os.environ["FLAREKEEP_FACTS"], encoding="utf-8") as file:
        facts = json.loads(file.readline())
    zone = facts["zones"][0]
    return World(
        facts["api"],
        facts["account_id"],
        zone["id"],
        zone["name"],
        facts["email"],
        facts["global_key"],
        facts["user_id"],
        facts["s3"],
    )


@dataclass(frozen=True)
class Planned:
    """A token that flarekeep planned and made."""

    id: str
    value: str


@pytest.fixture(scope="session")
def plan_token(world, tmp_path_factory):
    """Makes a token for a piece of work with the program itself: `flarekeep token create WORK --to env:FILE --yes`."""

    def make(name, *work):
        folder = tmp_path_factory.mktemp("token")
        environment = {
            "PATH": os.environ["PATH"],
            # The journal lies beside the file that holds the value.
            "XDG_STATE_HOME": str(folder),
            "CLOUDFLARE_BASE_URL": world.api,
            "CLOUDFLARE_EMAIL": world.email,
            "CLOUDFLARE_API_KEY": world.global_key,
            "CLOUDFLARE_ACCOUNT_ID": world.account_id,
            "CLOUDFLARE_ZONE_ID": world.zone_id,
        }
        command = [os.environ["FLAREKEEP_BIN"], "token", "create", "--name", name, *work]
        command += ["--to", "env:FILE", "--yes", "--json"]
        made = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        assert made.returncode == 0, made.stderr
        file = Path(folder, "FILE")
        assert file.stat().st_mode & 0o777 == 0o600
        value = file.read_text().strip().removeprefix("CLOUDFLARE_API_TOKEN=")
        assert value not in made.stdout + made.stderr
        return Planned(json.loads(made.stdout)["token"]["id"], value)

    return make


def pytest_collection_modifyitems(items):
    """The network first: if it is open, nothing else is worth knowing."""
    items.sort(key=lambda item: "test_network" not in item.nodeid)


def pytest_report_header():
    alone = [name for _, name in socket.if_nameindex()] == ["lo"]
    return f"network: {'a namespace with nothing but lo' if alone else 'NOT isolated by a namespace'}"
