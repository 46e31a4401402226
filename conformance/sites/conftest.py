"""`flarekeep` alone, from an empty state: the platform, a site, its domain, and a visitor at the edge."""

import pytest

from workers import WORKERD

from .terminal import Terminal


@pytest.fixture
def terminal(tmp_path):
    if not WORKERD.exists():
        pytest.skip("SKIPPED: workerd is not there; conformance/run installs it with wrangler, for which it needs npm")
    with Terminal(tmp_path / "emulator") as terminal:
        yield terminal
