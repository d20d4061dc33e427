"""What those who run the exchange see and do."""

from playwright.sync_api import Locator, expect

from browser.conftest import Open
from browser.person import Person

WITHDRAW = """([path, body]) => fetch(path, {
  method: "POST",
  headers: {"Content-Type": "application/json", "X-Truebook-Request": "1"},
  body: JSON.stringify(body),
}).then((answer) => answer.json())"""


def test_an_operator_sees_how_the_exchange_is_and_changes_it(
    open_page: Open, operator: str
) -> None:
    trader = Person(open_page())
    trader.sign_up()
    expect(trader.page.get_by_role("link", name="Operator")).to_have_count(0)
    asked = [_withdrawal(trader, amount) for amount in ("12.5", "30")]

    person = Person(open_page())
    person.sign_in(operator)
    page = person.page
    page.get_by_role("link", name="Operator").click()
    expect(page.get_by_test_id("health")).to_have_attribute("data-healthy", "true")
    for role in ("api-1", "engine-1", "feed", "ws", "store", "archive"):
        expect(page.locator(f"[data-process={role}]")).to_contain_text("MiB")
    expect(page.locator("[data-process=engine-1]")).to_contain_text("publishes")
    expect(page.locator("[data-times=order] rect[height]").first).to_be_attached()
    page.get_by_role("tab", name="Since start").click()
    expect(page.locator("[data-times=order]")).not_to_have_attribute("data-count", "0")
    expect(page.get_by_test_id("rates")).to_contain_text("Orders a second")

    market = page.locator("[data-market=BTC_USDC]")
    _change(person, market.get_by_role("button", name="Halt"), "a test of halting")
    expect(market.get_by_test_id("state")).to_have_text("Closed")
    _change(person, market.get_by_role("button", name="Reopen"), "it is over")
    expect(market.get_by_test_id("state")).to_have_text("Open")

    account = page.locator(f"[data-account={trader.name}]")
    _change(person, account.get_by_role("button", name="Block"), "strange trades")
    expect(account).to_contain_text("blocked")
    _change(person, account.get_by_role("button", name="Unblock"), "they were none")
    expect(account).to_contain_text("active")

    for number, verb in zip(asked, ("Approve", "Decline"), strict=True):
        row = page.locator(f'[data-withdrawal="{number}"]')
        _change(person, row.get_by_role("button", name=verb), "looked at")
        expect(row).to_have_count(0)
    trader.choose("Balances")
    expect(trader.page.get_by_test_id("available-USDC")).to_have_text("99,987.5")


def test_nobody_else_sees_the_page_of_operators(open_page: Open) -> None:
    person = Person(open_page())
    person.sign_up()
    person.page.evaluate("history.pushState(null, '', '/operator')")
    person.page.reload()
    expect(person.page.get_by_text("This page is for administrators.")).to_be_visible()


def _withdrawal(person: Person, amount: str) -> int:
    body = {"symbol": "USDC", "quantity": amount, "address": "9xQeWvG816", "blockchain": "Solana"}
    answer = person.page.evaluate(WITHDRAW, ["/wapi/v1/capital/withdrawals", body])
    assert answer["status"] == "pending"
    number: int = answer["id"]
    return number


def _change(person: Person, button: Locator, reason: str) -> None:
    button.click()
    person.page.get_by_label("Why?").fill(reason)
    person.press("Do it")
    expect(person.page.get_by_role("dialog")).to_have_count(0)
