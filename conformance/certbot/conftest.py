"""certbot as a command, and pebble as its authority, which asks the emulator's DNS server for the challenges."""

import datetime
import ipaddress
import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import proof

#: certbot is installed beside the Python that runs the tests.
CERTBOT = Path(os.sys.executable).with_name("certbot")
NAMES = ["example.com", "*.example.com"]


def pytest_collection_modifyitems(items):
    if shutil.which("pebble") is None:
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="pebble is not installed (apt-get install pebble)"))


class Run:
    """What certbot said, and the certificate that it got."""

    def __init__(self, done, folder):
        self.status, self.said = done.returncode, done.stdout + done.stderr
        chain = list(folder.glob("config/live/*/fullchain.pem"))
        self.certificate = x509.load_pem_x509_certificates(chain[0].read_bytes())[0] if chain else None

    def names(self):
        extension = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return sorted(extension.value.get_values_for_type(x509.DNSName))


@pytest.fixture
def certbot(tmp_path):
    """Runs certbot once with a token's value, against an emulator: by its address, or where `recorded` names a file, under
    `flarekeep record`, with no address set."""
    count = iter(range(1_000))

    def run(local, value, names=NAMES, recorded=None):
        folder = tmp_path / f"certbot-{next(count)}"
        folder.mkdir()
        credentials = folder / "cloudflare.ini"
        credentials.touch(mode=0o600)
        credentials.write_text(f"dns_cloudflare_api_token = {value}\n")
        with pebble(folder, local.dns) as (directory, trusted):
            environment = {
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "CLOUDFLARE_BASE_URL": local.api,
                "REQUESTS_CA_BUNDLE": str(trusted),
            }
            command = [CERTBOT, "certonly", "--non-interactive", "--agree-tos", "-m", "ada@example.com", "--no-eff-email"]
            command += ["--server", directory, "--dns-cloudflare", "--dns-cloudflare-credentials", credentials]
            command += ["--dns-cloudflare-propagation-seconds", "0"]
            command += ["--config-dir", folder / "config", "--work-dir", folder / "work", "--logs-dir", folder / "logs"]
            command += [word for name in names for word in ("-d", name)]
            if recorded:
                del environment["CLOUDFLARE_BASE_URL"]
                command = [os.environ["FLAREKEEP_BIN"], "record", "--to", local.api, "--out", recorded, "--", *command]
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
        return Run(done, folder)

    return run


@contextmanager
def pebble(folder, dns):
    """An authority that asks this DNS server: its directory, and the certificate of its own server."""
    port, management = free_port(), free_port()
    key, certificate = folder / "key.pem", folder / "server.pem"
    write_certificate(key, certificate)
    settings = {
        "listenAddress": f"127.0.0.1:{port}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(certificate),
        "privateKey": str(key),
        "httpPort": 5002,
        "tlsPort": 5001,
    }
    configuration = folder / "pebble.json"
    configuration.write_text(json.dumps({"pebble": settings}))
    environment = {"PATH": os.environ["PATH"], "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
    with open(folder / "pebble.log", "wb") as log:
        command = ["pebble", "-config", configuration, "-dnsserver", dns]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            wait_for(process, port, folder / "pebble.log")
            yield f"https://127.0.0.1:{port}/dir", certificate
        finally:
            process.terminate()
            process.wait(timeout=10)


def wait_for(process, port, log):
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def write_certificate(key_file, certificate_file):
    """A certificate for 127.0.0.1 that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pebble")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = made.add_extension(address, critical=False).sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    certificate_file.write_bytes(certificate.public_bytes(pem))


@pytest.fixture
def local(tmp_path):
    with proof.Local(tmp_path / "local") as local:
        yield local
