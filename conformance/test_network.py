"""No client reaches an address but loopback."""

import os
import socket

import pytest


@pytest.mark.skipif("FLAREKEEP_ISOLATED" not in os.environ, reason="network namespaces are not allowed here")
def test_there_is_no_interface_but_lo():
    assert [name for _, name in socket.if_nameindex()] == ["lo"]


def test_other_addresses_are_refused_before_a_packet_is_sent():
    # A name that is never to exist, and an address that is for documentation alone.
    with pytest.raises(AssertionError, match="wanted to reach"):
        socket.create_connection(("api.example.invalid", 443), timeout=1)
    with pytest.raises(AssertionError, match="wanted to reach"), socket.socket() as plain:
        plain.connect(("192.0.2.1", 443))
