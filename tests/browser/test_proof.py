"""What people can check themselves: what they are owed, and that nobody was found wrong."""

import json

from playwright.sync_api import Page, Route, expect
from venue.installed import Installed

from browser.conftest import Open
from browser.person import Person
from truebook.proof.branch import check, parse

PATIENCE_MS = 20_000
WRONG = {
    "state": "Halted",
    "position": "9-0",
    "engines": [],
    "witness": None,
    "verdict": {
        "engine": "engine-1",
        "agreed": "5-0",
        "first": "7-0",
        "what": "balance of account 7 in asset 1",
        "atMs": 1_795_246_042_096,
        "halts": True,
    },
}


def test_a_browser_checks_what_is_owed_and_believes_nothing(
    venue: Installed, open_page: Open, tmp_path
) -> None:
    person = Person(open_page())
    person.sign_up()
    person.fill(Price="90", Amount="2")
    person.send()
    person.hears("resting in the book")
    made = venue.run("proof", "make", "--json")
    page = person.page
    page.get_by_role("link", name="Proof").click()
    proved = page.get_by_test_id("proved")
    expect(proved).to_have_attribute("data-proved", "true")
    expect(page.get_by_test_id("digest")).to_have_text(made["root"])
    expect(page.get_by_test_id("way-USDC")).to_contain_text("100,000")
    expect(page.get_by_test_id("engines").locator("tbody tr")).to_have_count(1)
    expect(page.get_by_test_id("engines")).to_contain_text("publishes")
    page.get_by_test_id("way-SOL").locator("summary").click()
    expect(page.get_by_test_id("way-SOL")).to_contain_text("✓ the same")

    with page.expect_download() as download:
        person.press("Save the proof")
    saved = tmp_path / "proof.json"
    download.value.save_as(saved)
    statement, owed = check(parse(saved.read_bytes()))
    assert str(statement.position) == made["position"]
    assert owed[0].atoms == 100_000 * 10**6

    page.route("**/api/v1/proof", _more_for_somebody_else)
    page.reload()
    expect(proved).to_have_attribute("data-proved", "false")
    expect(proved).to_contain_text("Not proved: USDC: the way up does not end at the signed root")


def _more_for_somebody_else(route: Route) -> None:
    proof = route.fetch().json()
    step = proof["branches"][0]["path"][0]
    step["sum"] = str(int(step["sum"]) + 1)
    route.fulfill(json=proof)


def test_what_differs_is_shown_on_every_page_until_it_is_over(open_page: Open) -> None:
    page = open_page()
    told = json.dumps(WRONG)
    page.route("**/api/v1/integrity", lambda route: route.fulfill(body=told))
    alarm = page.get_by_test_id("alarm")
    expect(alarm).to_contain_text("engine-1 is not what the log says", timeout=PATIENCE_MS)
    alarm.get_by_role("link", name="Details").click()
    expect(page.get_by_test_id("standing")).to_have_attribute("data-state", "Halted")
    expect(page.get_by_test_id("verdict")).to_contain_text("balance of account 7 in asset 1")
    expect(alarm).to_be_visible()
    assert _color(page) == "rgb(179, 32, 47)"
    page.unroute("**/api/v1/integrity")
    expect(alarm).to_be_hidden(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("standing")).to_have_attribute("data-state", "Unwatched")


def _color(page: Page) -> str:
    return str(page.get_by_test_id("alarm").evaluate("e => getComputedStyle(e).backgroundColor"))
