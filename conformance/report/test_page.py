"""What the page shows, and that it shows it without asking anybody for anything."""

import base64
import http.server
import json
import re
import threading

import pytest

from .worlds import world

# The cells of the matrix: per row the letters, and the background of each.
MATRIX = """[...document.querySelectorAll('.matrix tbody tr')].map(row => [...row.querySelectorAll('td.l')].map(cell =>
    [cell.textContent, getComputedStyle(cell).backgroundColor]))"""


def test_it_opens_without_a_word_or_a_request(browser, sixty):
    for scheme in ("light", "dark"):
        browser.like(scheme)
        browser.open(sixty)
        assert browser.requests == [sixty.as_uri()], browser.requests
        assert browser.said == [], browser.said
        assert browser.ask("document.scripts.length") == 0


def test_every_token_has_a_cell_for_every_product_told_by_letter_and_colour(browser, sixty):
    for scheme in ("light", "dark"):
        browser.like(scheme)
        browser.open(sixty)
        products = browser.ask("document.querySelectorAll('.matrix thead .product').length")
        rows = browser.ask(MATRIX)
        assert len(rows) == 60 and products >= 8
        assert {len(row) for row in rows} == {products}
        colours = {}
        for letter, colour in (cell for row in rows for cell in row):
            colours.setdefault(letter, set()).add(colour)
        assert set(colours) == {"", "R", "W", "W+"}, colours
        assert all(len(found) == 1 for found in colours.values()), colours
        assert len(set.union(*colours.values())) == 4, colours


def test_the_time_line_has_a_row_for_every_token(browser, sixty):
    browser.like()
    browser.open(sixty)
    bars = "document.querySelectorAll('.ends tbody tr td.line > svg').length"
    assert browser.ask(bars) == 60
    # A bar lies in its cell, and the line of today is drawn from the one grid.
    inside = """[...document.querySelectorAll('.ends tbody td.line')].every(cell => {
        const room = cell.getBoundingClientRect();
        return [...cell.querySelectorAll(':scope > svg > rect')].every(bar => {
            const box = bar.getBoundingClientRect();
            return box.width > 0 && box.left >= room.left - 1 && box.right <= room.right + 1; }) })"""
    assert browser.ask(inside)


def test_a_command_is_selected_whole_and_severities_are_filtered_without_a_script(browser, sixty):
    browser.like()
    browser.open(sixty)
    assert browser.ask("getComputedStyle(document.querySelector('.mend > code')).userSelect") == "all"
    shown = "[...document.querySelectorAll('.rule.high')].filter(rule => rule.checkVisibility()).length"
    assert browser.ask(shown) > 0
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(sixty)
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    browser.ask("document.querySelector('#show-high').scrollIntoView({block: 'center'})")
    box = browser.ask("(({x, y}) => ({x: x + 5, y: y + 5}))(document.querySelector('#show-high').getBoundingClientRect())")
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **box)
    assert browser.ask(shown) == 0


def test_no_name_is_more_than_a_name(browser, hostile):
    browser.like()
    browser.open(hostile)
    assert browser.said == [] and browser.requests == [hostile.as_uri()]
    assert browser.ask("document.title").startswith("Cloudflare API tokens")
    assert browser.ask("document.querySelectorAll('script, img, h1 ~ h1, [onmouseover], [onerror]').length") == 0
    names = browser.ask("[...document.querySelectorAll('.matrix tbody th')].map(cell => cell.textContent)")
    assert any("<script>document.title" in name for name in names), names
    assert not any(re.search("[\u202a-\u202e\x00-\x09\x0b-\x1f]", name) for name in names), names
    # A name of 10,000 letters makes no row higher or the page wider than others.
    heights = browser.ask("[...document.querySelectorAll('.matrix tbody tr')].map(row => row.offsetHeight)")
    assert max(heights) <= min(heights) + 4, heights
    assert browser.ask("document.documentElement.scrollWidth <= window.innerWidth")


def test_folded_parts_are_on_paper(browser, report):
    page = report(world(220))
    hidden = "[...document.querySelectorAll('details > :not(summary)')].filter(part => !part.checkVisibility()).length"
    browser.like()
    browser.open(page)
    assert browser.ask(hidden) > 100, "on the screen they are folded"
    browser.like(media="print")
    assert browser.ask(hidden) == 0
    assert browser.ask("getComputedStyle(document.querySelector('nav')).display") == "none"
    browser.like()
    pdf = base64.b64decode(browser.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert pdf.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 10


def test_two_thousand_tokens_open_in_seconds(browser, report):
    page = report(world(2000))
    browser.like()
    seconds = browser.open(page)
    rows = browser.ask("document.querySelectorAll('.matrix tbody tr').length")
    print(f"{page.stat().st_size / 1e6:.1f} MB, loaded in {seconds:.1f} s")
    assert rows == 2000
    assert seconds < 20


@pytest.fixture
def visited():
    """A server that notes who visits it."""
    paths = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()


def test_even_markup_in_the_page_could_ask_nobody(browser, sixty, visited, tmp_path):
    """Should an escape ever be forgotten, the policy of the page holds; without it the same markup gets through."""
    server, paths = visited
    markup = f'<img src="{server}/img"><style>body {{ background: url({server}/css) }}</style><script>fetch("{server}/js")</script>'
    text = sixty.read_text(encoding="utf-8").replace("<main>", f"<main>{markup}", 1)
    guarded, open_page = tmp_path / "guarded.html", tmp_path / "open.html"
    guarded.write_text(text, encoding="utf-8")
    open_page.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text, count=1), encoding="utf-8")
    browser.like()
    browser.open(guarded)
    assert paths == [] and len(browser.said) >= 3, json.dumps(browser.said)
    browser.open(open_page)
    assert {"/img", "/js"} <= set(paths), paths
