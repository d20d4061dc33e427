"""What axe-core, the usual judge of accessibility, says of each page in both themes."""

from pathlib import Path

import pytest
from venue.installed import Installed

from browser.conftest import Open
from browser.person import Person

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_page_has_a_serious_finding(venue: Installed, open_page: Open, scheme: str) -> None:
    if not AXE.exists():
        pytest.skip("axe-core isn't there: npm ci in web/")
    person = Person(open_page(color_scheme=scheme, bypass_csp=True))
    person.page.add_script_tag(path=AXE)
    person.sign_up()
    person.fill(Price="90", Amount="1")
    person.send()
    person.choose("Open orders")
    person.rows("open-orders").first.wait_for()
    assert _findings(person) == []
    person.page.get_by_role("link", name="API keys").click()
    person.page.get_by_role("heading", name="API keys").wait_for()
    assert _findings(person) == []
    venue.run("proof", "make", "--json")
    person.page.get_by_role("link", name="Proof").click()
    person.page.get_by_test_id("way-USDC").locator("summary").click()
    assert _findings(person) == []


def _findings(person: Person) -> list[str]:
    person.page.wait_for_timeout(700)  # axe measures colours: an animation would be one of them
    found = person.page.evaluate("axe.run()")
    return [
        f"{violation['id']}: {node['html'][:120]} {node.get('failureSummary', '')[:200]}"
        for violation in found["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"][:3]
    ]
