"""Pictures of the trading page for the documentation: `make screenshots`.

Starts an exchange of its own in a temporary folder, lets the bots trade a while, signs somebody up,
and takes each page in light, dark and at the size of a phone. Needs chromium and a built page.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
TRADED_MS = 45_000
"""So long the bots trade first: an empty chart tells little."""
OVERSEEN_MS = 12_000
"""So long an operator looks first: rates are differences."""
PATIENCE_MS = 60_000
TRADER, OPERATOR, PASSWORD = "satoshi", "operator", "correct horse battery"
ADDRESS = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"
"""Made up."""
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
LOOKS = {"dark": (1440, 900, "dark"), "light": (1440, 900, "light"), "phone": (390, 844, "dark")}


def main() -> None:
    """Take them all."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("there is no chromium: apt install chromium")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        command = (sys.executable, "-m", "truebook", "up", "--data", data)
        ports = ("--port", "0", "--ws-port", "0", "--engines", "2")
        with subprocess.Popen([*command, *ports], stdout=subprocess.PIPE, text=True) as up:
            try:
                url = _ready(up)
                with sync_playwright() as playwright:
                    browser = playwright.chromium.launch(
                        executable_path=chromium, args=list(OPTIONS)
                    )
                    _take(browser, url, data)
                    browser.close()
            finally:
                up.terminate()


def _ready(up: "subprocess.Popen[str]") -> str:
    assert up.stdout is not None
    for line in up.stdout:
        if found := re.match(r"ready (http://\S+)", line):
            return found[1]
    raise SystemExit("the exchange did not start")


def _take(browser: Browser, url: str, data: str) -> None:
    _truebook(data, "account", "create", OPERATOR)
    _truebook(data, "account", "password", OPERATOR, "--admin", typed=PASSWORD)
    trader = operator = None
    for look in LOOKS:
        page = _opened(browser, url, look, trader)
        if trader is None:
            page.wait_for_timeout(TRADED_MS)
            _trade(page, url)
            _truebook(data, "proof", "make")
            trader = page.context.storage_state()
        _pictures_of_trader(page, url, look)
        page.context.close()
        page = _opened(browser, url, look, operator)
        if operator is None:
            _sign_in(page, OPERATOR)
            operator = page.context.storage_state()
        page.goto(f"{url}/operator")
        page.get_by_test_id("health").wait_for()
        page.wait_for_timeout(OVERSEEN_MS)
        _picture(page, f"operator-{look}", is_long=look != "phone")
        page.context.close()


def _truebook(data: str, *words: str, typed: str = "") -> None:
    command = (sys.executable, "-m", "truebook", *words, "--data", data)
    subprocess.run(command, input=typed, check=True, stdout=subprocess.DEVNULL, text=True)


def _opened(browser: Browser, url: str, look: str, state: StorageState | None) -> Page:
    width, height, scheme = LOOKS[look]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        storage_state=state,
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(url)
    page.locator("[data-testid=tape] .row").first.wait_for()
    return page


def _pictures_of_trader(page: Page, url: str, look: str) -> None:
    page.wait_for_timeout(1_500)
    _picture(page, f"trade-{look}", is_long=look == "phone")
    page.goto(f"{url}/keys")
    page.get_by_role("heading", name="API keys").wait_for()
    _picture(page, f"keys-{look}")
    page.goto(f"{url}/proof")
    page.locator("[data-proved=true]").wait_for()
    page.get_by_test_id("way-SOL").locator("summary").click()
    page.wait_for_timeout(500)
    _picture(page, f"proof-{look}", is_long=look != "phone")


def _trade(page: Page, url: str) -> None:
    _sign_in(page, TRADER, is_new=True)
    best = float(page.locator(".row.bid").first.get_attribute("data-price") or 0)
    for part, amount in ((0.999, "4"), (0.997, "12.5"), (0.99, "20")):
        page.get_by_label("Price", exact=True).fill(f"{best * part:.2f}")
        page.get_by_label("Amount", exact=True).fill(amount)
        page.get_by_test_id("submit").click()
        page.locator(".notice", has_text="resting").last.wait_for()
    for amount, symbol in (("250", "USDC"), ("3.5", "SOL")):
        page.request.post(
            f"{url}/wapi/v1/capital/withdrawals",
            data={"symbol": symbol, "quantity": amount, "address": ADDRESS, "blockchain": "Solana"},
            headers={"X-Truebook-Request": "1"},
        )
    page.get_by_label("Price", exact=True).fill(f"{best * 0.998:.2f}")
    page.get_by_label("Amount", exact=True).fill("7.5")
    page.wait_for_timeout(6_000)


def _sign_in(page: Page, name: str, *, is_new: bool = False) -> None:
    page.get_by_role("button", name="Sign in", exact=True).click()
    if is_new:
        page.get_by_role("button", name="Create an account", exact=True).click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("dialog button[type=submit]").click()
    page.get_by_test_id("who").wait_for()


def _picture(page: Page, name: str, *, is_long: bool = False) -> None:
    page.screenshot(path=IMAGES / f"{name}.png", full_page=is_long, scale="css")
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    main()
