"""The edge: Workers that are uploaded through the API and really run, on the workerd that wrangler brings."""

import pytest

from workers import WORKERD, Edge


@pytest.fixture(scope="session")
def edge(tmp_path_factory):
    if not WORKERD.exists():
        pytest.skip("SKIPPED: workerd is not there; conformance/run installs it with wrangler, for which it needs npm")
    with Edge(tmp_path_factory.mktemp("edge") / "emulator") as local:
        yield local
