"""What people need who do not see the page as it was drawn."""

import pytest

# Every text with its colour and what lies behind it, as the contrast of WCAG 2: https://www.w3.org/TR/WCAG22/#contrast-minimum
CONTRAST = """(() => {
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => {
        const part = value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); };
    const behind = element => {
        for (; element; element = element.parentElement) {
            const colour = numbers(getComputedStyle(element).backgroundColor);
            if (colour.length < 4 || colour[3] > 0.99) return colour; }
        return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255]; };
    const seen = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const colour = element.namespaceURI.endsWith('svg') ? style.fill : style.color;
        const [a, b] = [light(numbers(colour)), light(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const key = `${element.tagName}.${element.getAttribute('class')} in ${element.parentElement.getAttribute('class')}`;
        if (!(seen.get(key) <= ratio)) seen.set(key, ratio); }
    return [...seen].filter(([, ratio]) => ratio < 4.5);
})()"""

# What is wrong with the structure, in words.
FAULTS = """(() => {
    const faults = [], all = selector => [...document.querySelectorAll(selector)];
    if (document.documentElement.lang !== 'en') faults.push('no language');
    if (all('h1').length !== 1 || all('main').length !== 1) faults.push('not one heading and one main part');
    const levels = all('h1, h2, h3').map(heading => Number(heading.tagName[1]));
    if (levels.some((level, at) => at && level > levels[at - 1] + 1 && !(at === 1 && level === 3))) faults.push('a heading is skipped');
    all('th').filter(cell => !cell.scope).forEach(cell => faults.push(`no scope: ${cell.textContent}`));
    all('tbody tr').filter(row => row.closest('.matrix, .ends') && !row.querySelector('th')).forEach(() => faults.push('a row without a header'));
    const ids = all('[id]').map(element => element.id);
    if (new Set(ids).size !== ids.length) faults.push('an id twice');
    all('a').filter(link => !link.textContent.trim() || !link.getAttribute('href')).forEach(() => faults.push('an empty link'));
    all('a[href^="#"]').filter(link => !document.getElementById(link.hash.slice(1))).forEach(link => faults.push(`leads nowhere: ${link.hash}`));
    all('input').filter(input => !input.labels.length).forEach(() => faults.push('an input without a label'));
    all('[role=region], nav').filter(part => !part.ariaLabel && !document.getElementById(part.getAttribute('aria-labelledby'))).forEach(() => faults.push('a part without a name'));
    all('svg').filter(picture => !picture.closest('[aria-hidden]') && !picture.ariaLabel).forEach(() => faults.push('a picture without words'));
    all('.wide').filter(part => part.tabIndex !== 0).forEach(() => faults.push('a part that keys cannot scroll'));
    return faults;
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out(browser, sixty, scheme):
    browser.like(scheme)
    browser.open(sixty)
    browser.ask("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert browser.ask(CONTRAST) == []


def test_faint_text_would_be_noticed(browser, sixty, tmp_path):
    browser.like()
    browser.open(sixty)
    browser.ask("document.querySelector('h1').setAttribute('class', 'faint'), document.querySelector('h1').style.setProperty('color', '#999')")
    assert [key for key, _ in browser.ask(CONTRAST)] == ["H1.faint in null"]


@pytest.mark.parametrize("page", ["sixty", "hostile"])
def test_the_structure_is_sound(browser, request, page):
    browser.like()
    browser.open(request.getfixturevalue(page))
    assert browser.ask(FAULTS) == []


def test_faults_of_the_structure_would_be_noticed(browser, sixty):
    browser.like()
    browser.open(sixty)
    browser.ask("document.querySelector('th').removeAttribute('scope'), document.querySelector('input').removeAttribute('id'), document.querySelector('nav').removeAttribute('aria-label')")
    assert len(browser.ask(FAULTS)) >= 2


def test_a_narrow_window_scrolls_the_tables_and_not_the_page(browser, sixty):
    browser.like(width=420, height=900)
    browser.open(sixty)
    assert browser.ask("document.documentElement.scrollWidth <= 420")
    assert browser.ask("(table => table.scrollWidth > table.clientWidth)(document.querySelector('.wide'))")
