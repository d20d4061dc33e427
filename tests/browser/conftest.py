"""A whole exchange with its bots, and a browser that looks at it.

Needs Debian's chromium and a built page (`make web`); where either is missing the tests are skipped
and say so. Whatever the browser complains of in its console fails the test that caused it.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from venue.installed import Installed, installed

import truebook
from browser.person import PASSWORD

CHROMIUM = shutil.which("chromium") or ""
BUILT = Path(truebook.__file__).parent / "web" / "dist" / "index.html"
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 20_000

Open = Callable[..., Page]


@pytest.fixture(scope="package")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """An exchange in which bots trade and whoever signs up is given something."""
    if not CHROMIUM:
        pytest.skip("there is no chromium: apt install chromium")
    if not BUILT.exists():
        pytest.skip("the page isn't built: make web")
    folder = tmp_path_factory.mktemp("venue")
    with installed(folder) as exchange:
        yield exchange


@pytest.fixture(scope="package")
def browser(venue: Installed) -> Iterator[Browser]:
    """Headless chromium. It keeps an event loop running in this thread, so it is gone, as is the
    exchange, before tests of another package begin."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield found
        found.close()


@pytest.fixture(scope="package")
def operator(venue: Installed) -> str:
    """The name of somebody who may administer the exchange."""
    venue.open_account("operator", {})
    made = venue.try_run("account", "password", "operator", "--admin", typed=PASSWORD)
    assert made.returncode == 0, made.stderr
    return "operator"


@pytest.fixture
def open_page(venue: Installed, browser: Browser) -> Iterator[Open]:
    """Open a page of the exchange as a visitor of his own: `open_page("/keys", width=390)`."""
    complaints: list[str] = []
    contexts = []

    def opened(path: str = "/", width: int = 1440, height: int = 900, **options: str) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type in _COMPLAINTS else None,
        )
        page.goto(venue.url + path)
        page.locator('[data-testid=book][data-whole="true"] .row.ask').first.wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    faults = [text for text in complaints if not text.startswith(_NOT_OURS)]
    assert not faults


_COMPLAINTS = ("error", "warning")
_NOT_OURS = (
    "WebSocket connection to",
    "Failed to load resource: net::",
    "Failed to load resource: the server responded with a status of 400",
    "Failed to load resource: the server responded with a status of 503",
)
"""What a browser itself says of a server that is being restarted or that is behind, and of an order
that is refused; nothing a page could prevent."""
