"""What axe-core, the usual judge of accessibility, says of each page in both themes."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import ViewportSize, expect
from venue.installed import Installed

from browser.conftest import Open
from browser.person import Person

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
PHONE: ViewportSize = {"width": 390, "height": 844}


def test_no_page_has_a_serious_finding_and_each_fits_a_phone(
    venue: Installed, open_page: Open, operator: str
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core isn't there: npm ci in web/")
    # Axe measures colours: in the midst of an animation it would find one of its own.
    person = Person(open_page(bypass_csp=True, reduced_motion="reduce"))
    person.page.add_script_tag(path=AXE)
    person.sign_up()
    person.fill(Price="90", Amount="1")
    person.send()
    person.choose("Open orders")
    person.rows("open-orders").first.wait_for()
    _is_fine(person)
    person.page.get_by_role("link", name="API keys").click()
    person.page.get_by_role("heading", name="API keys").wait_for()
    _is_fine(person)
    venue.run("proof", "make", "--json")
    person.page.get_by_role("link", name="Proof").click()
    person.page.get_by_test_id("way-USDC").locator("summary").click()
    _is_fine(person)
    person.sign_out()
    person.sign_in(operator)
    person.page.get_by_role("link", name="Operator").click()
    person.page.get_by_test_id("health").wait_for()
    person.page.locator("[data-account=operator]").wait_for()
    _is_fine(person)
    person.page.get_by_role("button", name="Halt").first.click()
    _is_fine(person)


def _is_fine(person: Person) -> None:
    for scheme in SCHEMES:
        person.page.emulate_media(color_scheme=scheme)
        expect(person.page.locator("html")).to_have_attribute("data-theme", scheme)
        assert _findings(person) == [], scheme
    size = person.page.viewport_size
    assert size is not None
    person.page.set_viewport_size(PHONE)
    assert person.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    person.page.set_viewport_size(size)


def _findings(person: Person) -> list[str]:
    found = person.page.evaluate("axe.run()")
    return [
        f"{violation['id']}: {node['html'][:120]} {node.get('failureSummary', '')[:200]}"
        for violation in found["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"][:3]
    ]
