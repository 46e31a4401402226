"""The tests of docs/emulator/in-your-tests.md, as they stand on the page, run by a pytest of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "emulator" / "in-your-tests.md"


def run(tmp_path, text):
    """Runs a file of tests with nothing of this run's configuration."""
    file = tmp_path / "test_cloudflare.py"
    file.write_text(text, encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "FLAREKEEP_BIN": os.environ["FLAREKEEP_BIN"], "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(file)]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)


def block():
    """The page's Python, without the fence."""
    (text,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return text


def test_the_page_s_tests_pass(tmp_path):
    done = run(tmp_path, block())
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^3 passed", done.stdout, re.MULTILINE), done.stdout


def test_they_can_fail(tmp_path):
    """With the right group for the refused call, the test of the refusal must notice."""
    text = block()
    assert text.count('"DNS Read"') == 1
    done = run(tmp_path, text.replace('"DNS Read"', '"DNS Write"'))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 2 passed" in done.stdout, done.stdout
