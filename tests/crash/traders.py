"""Load: traders that sign real requests, one after the other each, and write down every answer.

They run in a thread of their own until they are told to stop. A trader places limit orders around
one price, so that some trade and some rest, and cancels its oldest when it has many. An answer
that nobody documented, or none within `ANSWER_S_MAX`, is an error that fails the test.
"""

import asyncio
import itertools
import json
import random
import threading
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import aiohttp
from crash.diary import Diary, Ending, Page, now_s
from venue.credentials import Credentials, body_of, query_of, signed_headers

ANSWER_S_MAX = 20.0
RESTING_MAX = 20
PAUSE_S = 0.002
AFTER_LOSS_S = 0.05
MARKET = "SOL_USDC"

_client_ids = itertools.count(1)


class Trader:
    """One account's trader."""

    def __init__(self, url: str, credentials: Credentials, diary: Diary, seed: int) -> None:
        self._url = url
        self._credentials = credentials
        self._diary = diary
        self._random = random.Random(seed)
        self._resting: deque[int] = deque()

    async def trade(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        """Make requests until told to stop."""
        while not stop.is_set():
            if len(self._resting) >= RESTING_MAX:
                page = await self._cancel(session, self._resting.popleft())
            else:
                page = await self._place(session)
            self._diary.pages.append(page)
            is_lost = page.ending in (Ending.LOST, Ending.UNWRITTEN)
            await asyncio.sleep(AFTER_LOSS_S if is_lost else PAUSE_S)

    async def _place(self, session: aiohttp.ClientSession) -> Page:
        client_id = next(_client_ids)
        cents = self._random.randint(9_980, 10_020)
        order = {
            "symbol": MARKET,
            "side": self._random.choice(["Bid", "Ask"]),
            "orderType": "Limit",
            "price": f"{cents / 100:.2f}",
            "quantity": f"{self._random.randint(1, 200) / 100:.2f}",
            "clientId": client_id,
            "selfTradePrevention": "RejectMaker",
        }
        page = await self._ask(session, "POST", "orderExecute", "place", order)
        page.client_id = client_id
        page.order_id = int(page.answer.get("id", 0))
        if page.ending is Ending.DONE and page.answer["status"] in ("New", "PartiallyFilled"):
            self._resting.append(page.order_id)
        return page

    async def _cancel(self, session: aiohttp.ClientSession, order_id: int) -> Page:
        fields = {"symbol": MARKET, "orderId": str(order_id)}
        page = await self._ask(session, "DELETE", "orderCancel", "cancel", fields)
        page.order_id = order_id
        return page

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        method: str,
        instruction: str,
        what: str,
        fields: dict[str, Any],
    ) -> Page:
        headers = signed_headers(self._credentials, instruction, fields)
        headers["Content-Type"] = "application/json"
        url, body, asked_s = f"{self._url}/api/v1/order", body_of(fields), now_s()
        try:
            async with session.request(method, url, data=body, headers=headers) as response:
                answer = json.loads(await response.read())
                ending = ending_of(response.status, answer)
        except aiohttp.ClientConnectionError as error:
            answer, ending = {"error": repr(error)}, Ending.LOST
        return Page(self._credentials.account, what, 0, 0, ending, answer, asked_s, now_s())


def ask(
    url: str, credentials: Credentials, path: str, instruction: str, fields: dict[str, object]
) -> Any:
    """A signed GET, answered with success."""
    headers = signed_headers(credentials, instruction, fields)
    request = urllib.request.Request(f"{url}/api/v1/{path}?{query_of(fields)}", headers=headers)
    with urllib.request.urlopen(request, timeout=ANSWER_S_MAX) as response:
        return json.loads(response.read())


def ending_of(status: int, answer: dict[str, Any]) -> Ending:
    """How a request ended, by its answer; AssertionError for one that nobody documented."""
    if status == 200:
        return Ending.DONE
    if status == 504 and answer["code"] == "TIMEOUT":
        assert answer["id"], answer
        return Ending.UNKNOWN
    if status == 503:
        assert answer["code"] in ("MAINTENANCE", "TRADING_PAUSED"), answer
        return Ending.UNWRITTEN
    assert 400 <= status < 500, (status, answer)
    return Ending.REFUSED


@contextmanager
def trading(url: str, accounts: list[Credentials], traders: int, seed: int) -> Iterator[Diary]:
    """Trade in the background for as long as the context lasts; every request is answered in the
    end, or the context raises."""
    diary, errors = Diary(), list[BaseException]()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        limits = aiohttp.ClientTimeout(total=ANSWER_S_MAX)
        async with aiohttp.ClientSession(timeout=limits) as session, asyncio.TaskGroup() as group:
            for number in range(traders):
                account = accounts[number % len(accounts)]
                trader = Trader(url, account, diary, seed * 1000 + number)
                group.create_task(trader.trade(session, stop))

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(run())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="traders")
    thread.start()
    try:
        yield diary
    finally:
        with suppress(RuntimeError):  # they have ended already, for the reason that is raised below
            loop.call_soon_threadsafe(stop.set)
        thread.join()
    if errors:
        raise errors[0]
