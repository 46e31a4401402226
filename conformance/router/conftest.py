"""The Worker of router/ on the real Workers runtime, with the emulator's R2 and KV."""

import pytest

from workers import WORKERD

from .sites import Platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    if not WORKERD.exists():
        pytest.skip("SKIPPED: workerd is not there; conformance/run installs it with wrangler, for which it needs npm")
    with Platform(tmp_path_factory.mktemp("router") / "emulator") as local:
        yield local
