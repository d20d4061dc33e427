"""What people come for: an account, orders, fills, balances; in a real browser."""

from playwright.sync_api import expect

from browser.conftest import Open
from browser.person import Person


def test_a_visitor_signs_up_trades_and_leaves(open_page: Open) -> None:
    person = Person(open_page())
    person.sign_up()
    person.choose("Balances")
    expect(person.page.get_by_test_id("available-USDC")).to_have_text("100,000")

    person.fill(Price="90", Amount="2.5")
    expect(person.page.locator(".sums")).to_contain_text("225")
    person.send()
    person.hears("resting in the book")
    expect(person.page.get_by_test_id("available-USDC")).to_have_text("99,775")
    person.choose("Open orders")
    expect(person.rows("open-orders")).to_have_count(1)

    person.choose("Market")
    person.fill(Amount="1")
    person.send()
    person.hears("filled")
    person.choose("Fills")
    expect(person.rows("fills").first).to_contain_text("Taker")
    person.choose("Balances")
    expect(person.page.get_by_test_id("available-SOL")).to_have_text("500.999")

    person.choose("Open orders")
    person.press("Cancel all")
    expect(person.page.get_by_text("No open orders.")).to_be_visible()
    person.choose("Order history")
    expect(person.rows("order-history")).to_have_count(2)
    person.sign_out()
    expect(person.page.get_by_text("Sign in to see your orders")).to_be_visible()


def test_an_order_rests_in_the_book_that_everybody_sees(open_page: Open) -> None:
    person, other = Person(open_page()), open_page()
    person.sign_up()
    price = person.best("bid") - 0.05
    person.fill(Price=f"{price:.2f}", Amount="7.77")
    person.send()
    person.hears("resting in the book")
    for page in (person.page, other):
        expect(page.locator(f'.row.bid[data-price="{price:.2f}"]')).to_be_visible()
    other.get_by_label("Group prices by").select_option("100")
    expect(other.locator(f'.row.bid[data-price="{int(price)}.00"]')).to_be_visible()


def test_a_trade_is_on_the_tape_of_another_browser(open_page: Open) -> None:
    person, other = Person(open_page()), open_page()
    person.sign_up()
    person.choose("Market")
    person.fill(Amount="3.21")
    person.send()
    person.hears("filled")
    person.choose("Fills")
    size = person.rows("fills").first.locator("td").nth(4).inner_text()
    other.locator("[data-testid=tape] .row", has_text=f"{float(size):.2f}").first.wait_for()


def test_a_mistake_is_told_at_its_field(open_page: Open) -> None:
    person = Person(open_page())
    person.sign_up()
    person.fill(Price="100.001", Amount="1")
    person.send()
    expect(person.page.locator(".field.bad")).to_contain_text("Price")
    expect(person.page.locator(".field.bad .fault")).not_to_be_empty()


def test_an_open_order_is_changed_where_it_stands(open_page: Open) -> None:
    person = Person(open_page())
    person.sign_up()
    person.fill(Price="90", Amount="2")
    person.send()
    person.choose("Open orders")
    row = person.rows("open-orders").first
    row.get_by_role("button", name="Change order").click()
    row.get_by_label("New price").fill("91.5")
    row.get_by_label("New amount").fill("1.25")
    row.get_by_label("New amount").press("Enter")
    expect(row).to_contain_text("91.5")
    expect(row).to_contain_text("1.25")


def test_an_open_order_is_dragged_to_another_price(open_page: Open) -> None:
    person = Person(open_page())
    person.sign_up()
    price = person.best("bid") - 0.2
    person.fill(Price=f"{price:.2f}", Amount="0.5")
    person.send()
    person.hears("resting in the book")
    line = person.page.locator(".order-line")
    grip = line.locator(".grip")
    grip.hover()
    person.page.mouse.down()
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + 10, box["y"] + box["height"] / 2
    person.page.mouse.move(x, y + 20)
    person.page.mouse.move(x, y + 40)
    expect(line).to_have_class("order-line bid moving")
    person.page.mouse.up()
    person.hears("Order changed")
    lowered = float(line.get_attribute("data-price") or 0)
    assert lowered < price
    expect(person.rows("open-orders").first).to_contain_text(f"{lowered:.2f}")

    grip.press("ArrowDown")
    grip.press("Enter")
    expect(person.rows("open-orders").first).to_contain_text(f"{lowered - 0.01:.2f}")


def test_a_stop_fires_when_the_price_has_come_there(open_page: Open) -> None:
    person = Person(open_page())
    person.sign_up()
    person.choose("Trigger")
    trigger = person.best("ask") + 0.01
    person.fill(Trigger_price=f"{trigger:.2f}", Amount="0.25")
    person.send()
    person.hears("waiting for its trigger price")
    person.choose("Market")
    person.fill(Amount="60")
    person.send()
    person.choose("Fills")
    expect(person.rows("fills").filter(has_text="0.25").first).to_be_visible()


def test_a_stop_waits_outside_the_book(open_page: Open) -> None:
    person = Person(open_page())
    person.sign_up()
    person.choose("Trigger")
    person.press("Sell")
    person.fill(Trigger_price="50", Amount="1")
    person.send()
    person.hears("waiting for its trigger price")
    expect(person.rows("open-orders").first).to_contain_text("Trigger at 50")


def test_a_click_into_the_book_takes_its_price(open_page: Open) -> None:
    page = open_page()
    row = page.locator(".row.ask").first
    price = row.get_attribute("data-price")
    row.click()
    assert price is not None
    taken = page.get_by_label("Price", exact=True).input_value()
    assert abs(float(taken) - float(price)) < 5


def test_a_key_is_made_in_the_browser_and_its_secret_shown_once(open_page: Open) -> None:
    person = Person(open_page())
    person.sign_up()
    person.page.get_by_role("link", name="API keys").click()
    person.press("Make a key")
    assert len(person.page.get_by_test_id("new-secret").inner_text()) == 44
    expect(person.rows("keys")).to_have_count(1)
    person.page.reload()
    expect(person.rows("keys")).to_have_count(1)
    expect(person.page.get_by_test_id("new-secret")).to_have_count(0)
    person.press("Revoke")
    expect(person.rows("keys")).to_have_count(0)
