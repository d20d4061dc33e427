"""Processes die while somebody looks: the page says so, heals, and is right again."""

import json
import os
import signal
import urllib.request

from playwright.sync_api import Page, expect
from venue.installed import Installed, wait_until

from browser.conftest import Open

HEALED_S_MAX = 30.0


def test_the_page_heals_when_websocket_server_and_engine_are_killed(
    venue: Installed, open_page: Open
) -> None:
    page = open_page()
    _kill(venue, "ws")
    expect(page.get_by_test_id("link")).to_have_text("Connection lost")
    expect(page.get_by_test_id("link")).to_have_text("Live", timeout=1000 * HEALED_S_MAX)
    _goes_on(page)
    _kill(venue, "engine")
    _goes_on(page)
    wait_until(lambda: _is_the_same(venue, page), HEALED_S_MAX, "the page's book is the exchange's")


def test_the_page_says_that_nothing_comes_any_more(venue: Installed, open_page: Open) -> None:
    page = open_page()
    feed = _pid(venue, "feed")
    os.kill(feed, signal.SIGSTOP)
    try:
        expect(page.get_by_test_id("link")).to_have_text("No news")
    finally:
        os.kill(feed, signal.SIGCONT)
    expect(page.get_by_test_id("link")).to_have_text("Live", timeout=1000 * HEALED_S_MAX)
    _goes_on(page)


def _pid(venue: Installed, role: str) -> int:
    [process] = [one for one in venue.processes() if one["role"] == role]
    pid: int = process["pid"]
    return pid


def _kill(venue: Installed, role: str) -> None:
    os.kill(_pid(venue, role), signal.SIGKILL)


def _goes_on(page: Page) -> None:
    before = _update(page)
    wait_until(lambda: _update(page) > before + 2, HEALED_S_MAX, "the book goes on")


def _update(page: Page) -> int:
    text = page.get_by_test_id("book").get_attribute("data-update")
    assert text is not None
    return int(text)


def _is_the_same(venue: Installed, page: Page) -> bool:
    """Whether both show the same best levels, as of the same update."""
    with urllib.request.urlopen(f"{venue.url}/api/v1/depth?symbol=SOL_USDC") as answer:
        depth = json.load(answer)
    shown = page.evaluate(
        """() => {
          const book = document.querySelector('[data-testid=book]');
          const rows = (side) => [...book.querySelectorAll('.row.' + side)]
            .map((row) => [row.dataset.price, row.dataset.size]);
          return {update: book.dataset.update, bids: rows('bid'), asks: rows('ask')};
        }"""
    )
    if shown["update"] != depth["lastUpdateId"]:
        return False
    best = {
        "bids": list(reversed(depth["bids"]))[: len(shown["bids"])],
        "asks": list(reversed(depth["asks"][: len(shown["asks"])])),
    }
    return all(
        [(float(p), float(q)) for p, q in best[side]]
        == [(float(p), float(q)) for p, q in shown[side]]
        for side in ("bids", "asks")
    )
