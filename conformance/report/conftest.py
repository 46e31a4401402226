"""The HTML report in a real browser."""

import os
import subprocess

import pytest

from .browser import FOUND, Browser
from .worlds import HOSTILE, world


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    if not FOUND:
        pytest.skip("SKIPPED: there is no Chromium (Debian's package `chromium`)")
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="session")
def report(tmp_path_factory):
    """Makes the report of a world, with the program itself."""

    def make(text, form="html"):
        folder = tmp_path_factory.mktemp("report")
        tokens, page = folder / "tokens.json", folder / f"report.{form}"
        tokens.write_text(text, encoding="utf-8")
        command = [os.environ["FLAREKEEP_BIN"], "audit", "--input", "tokens.json", "-o", form]
        with open(page, "wb") as out:
            done = subprocess.run(command, cwd=folder, stdout=out, stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"]})
        # 1: there are findings.
        assert done.returncode in (0, 1), done.stderr.decode()
        return page

    return make


@pytest.fixture(scope="session")
def sixty(report):
    return report(world(60))


@pytest.fixture(scope="session")
def hostile(report):
    return report(world(2 * len(HOSTILE), HOSTILE))
