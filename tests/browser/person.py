"""Somebody who uses the page: what people do, in their words."""

import itertools

from playwright.sync_api import Locator, Page

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


class Person:
    """A visitor with a page open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.name = ""

    def sign_up(self) -> None:
        """Open an account; the faucet gives something."""
        self.name = f"visitor-{next(_numbers)}"
        self.press("Sign in")
        self.press("Create an account")
        self.page.get_by_label("Name").fill(self.name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Create account")
        self.page.get_by_test_id("who").wait_for()

    def sign_in(self, name: str) -> None:
        """Come back."""
        self.name = name
        self.press("Sign in")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("dialog").get_by_role("button", name="Sign in").click()
        self.page.get_by_test_id("who").wait_for()

    def sign_out(self) -> None:
        """Leave."""
        self.press("Sign out")
        self.page.get_by_role("button", name="Sign in", exact=True).wait_for()

    def press(self, name: str) -> None:
        """Press a button by its whole name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def choose(self, tab: str) -> None:
        """Choose a tab."""
        self.page.get_by_role("tab", name=tab, exact=True).click()

    def fill(self, **fields: str) -> None:
        """Fill fields of the ticket: `fill(Price="95", Amount="2")`."""
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)

    def send(self) -> None:
        """Send the order."""
        self.page.get_by_test_id("submit").click()

    def best(self, side: str) -> float:
        """The best price of a side, `bid` or `ask`, as the book shows it."""
        rows = self.page.locator(f".row.{side}")
        row = rows.first if side == "bid" else rows.last
        return float(row.get_attribute("data-price") or 0)

    def rows(self, table: str) -> Locator:
        """The rows of a table of the account."""
        return self.page.locator(f"[data-testid={table}] tbody tr")

    def hears(self, text: str) -> None:
        """A message at the edge of the page."""
        self.page.locator(".notice", has_text=text).first.wait_for()
