"""A platform for each test, on the real Workers runtime."""

import pytest

from workers import WORKERD

from .stage import Stage


@pytest.fixture
def stage(tmp_path):
    if not WORKERD.exists():
        pytest.skip("SKIPPED: workerd is not there; conformance/run installs it with wrangler, for which it needs npm")
    with Stage(tmp_path / "emulator") as local:
        yield local
