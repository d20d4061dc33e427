"""What the page is allowed to do, and how it is served."""

import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect
from venue.installed import Installed

from browser.conftest import Open


def test_the_page_loads_from_nowhere_else(open_page: Open, venue: Installed) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.locator(".row.bid").first.wait_for()
    assert asked
    assert {url.split("/")[2] for url in asked} <= {venue.url.split("/")[2]}


def test_the_policy_allows_no_script_but_our_own(venue: Installed) -> None:
    with urllib.request.urlopen(venue.url) as answer:
        policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/assets/nothing.js", "/assets/..%2f..%2fapp.py", "/assets/"])
def test_no_other_file_is_served(venue: Installed, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(venue.url + path)
    with refused.value:
        assert refused.value.code == 404


def test_the_page_fits_a_phone(open_page: Open) -> None:
    page = open_page(width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.get_by_test_id("submit")).to_be_visible()


def test_light_and_dark_follow_the_system_until_somebody_chooses(open_page: Open) -> None:
    page = open_page(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_label("Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
