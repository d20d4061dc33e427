"""A small client of the exchange's REST API: what a bot needs, signed as the API wants it.

A request is signed over its instruction, its parameters in alphabetical order, a timestamp and a
window; a batch over all its orders, one after the other:

    instruction=orderExecute&orderType=Limit&price=100&…&timestamp=1750793021519&window=5000

Promise: every call gives what the exchange answered or raises one of two errors. `Refused`: it was
certainly not done, and the same again would be refused again. `Unavailable`: the exchange doesn't
serve at the moment; a change that was asked for may or may not have been made, so look at the open
orders before you go on. Only reading is tried a second time by itself, since nothing else is
certain to do no harm twice.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

import aiohttp
from nacl.signing import SigningKey

from truebook.bots.keyfile import KeyFile
from truebook.bots.market import Market
from truebook.clock import SYSTEM_CLOCK, Clock

WINDOW_MS = 5_000
ANSWER_S_MAX = 8.0
"""Longer than the exchange itself waits before it says that it doesn't know."""
BATCH_MAX = 20

Fields = Mapping[str, object]


class ExchangeError(Exception):
    """What the exchange answered instead; `code` is its own word for it."""

    def __init__(self, status: int, code: str, message: str, wait_s: float = 0.0) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.wait_s = wait_s
        """How long the exchange asks us to wait."""


class Refused(ExchangeError):
    """Certainly not done, and trying again would not help."""


class Unavailable(ExchangeError):
    """No use now, perhaps later; what was asked for may have been done."""


class Order(NamedTuple):
    """A resting order of ours."""

    order_id: str
    symbol: str
    is_bid: bool
    price: Decimal
    remaining: Decimal


class Client:
    """One account's connection; an asynchronous context."""

    def __init__(
        self,
        url: str,
        key: KeyFile,
        clock: Clock = SYSTEM_CLOCK,
        answer_s_max: float = ANSWER_S_MAX,
    ) -> None:
        self._url = url.rstrip("/")
        self._api_key = key.api_key
        self._signing = SigningKey(base64.b64decode(key.api_secret)[:32])
        self._clock = clock
        self._last_timestamp = 0
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=answer_s_max))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    # --- what anybody may read ------------------------------------------------------------------

    async def markets(self) -> list[Market]:
        """All markets."""
        return [Market.from_json(market) for market in await self._read("/api/v1/markets")]

    async def last_price(self, symbol: str) -> Decimal | None:
        """The price of the last trade of the last 24 hours, if there was one."""
        ticker = await self._read("/api/v1/ticker", {"symbol": symbol})
        return Decimal(ticker["lastPrice"]) if ticker else None

    async def best_prices(self, symbol: str) -> tuple[Decimal, Decimal] | None:
        """The best bid and the best ask; None unless there are both."""
        depth = await self._read("/api/v1/depth", {"symbol": symbol, "limit": 5})
        bids, asks = ([Decimal(price) for price, _ in depth[side]] for side in ("bids", "asks"))
        return (max(bids), min(asks)) if bids and asks else None

    # --- what is ours ---------------------------------------------------------------------------

    async def balances(self) -> dict[str, Decimal]:
        """What we have of each asset, whether available or held for open orders."""
        capital = await self._read("/api/v1/capital", {}, "balanceQuery")
        return {
            asset: Decimal(amounts["available"]) + Decimal(amounts["locked"])
            for asset, amounts in capital.items()
        }

    async def open_orders(self) -> list[Order]:
        """Our resting orders in all markets."""
        orders = await self._read("/api/v1/orders", {}, "orderQueryAll")
        return [_order(order) for order in orders]

    # --- changes --------------------------------------------------------------------------------

    async def place(self, order: Fields) -> dict[str, Any]:
        """Place an order; the order as it was left after matching."""
        answer: dict[str, Any] = await self._change("POST", "/api/v1/order", "orderExecute", order)
        return answer

    async def place_batch(self, orders: Sequence[Fields]) -> list[dict[str, Any]]:
        """Place several at once; for each the order, or an `Err` with code and message."""
        answers: list[dict[str, Any]] = []
        for start in range(0, len(orders), BATCH_MAX):
            batch = orders[start : start + BATCH_MAX]
            answers += await self._change("POST", "/api/v1/orders", "orderExecute", batch)
        return answers

    async def cancel(self, symbol: str, order_id: str) -> bool:
        """Cancel an order; whether it was still there."""
        fields = {"orderId": order_id, "symbol": symbol}
        try:
            await self._change("DELETE", "/api/v1/order", "orderCancel", fields)
        except Refused as error:
            if error.code == "RESOURCE_NOT_FOUND":
                return False
            raise
        return True

    async def cancel_all(self, symbol: str) -> None:
        """Cancel all our orders in a market."""
        await self._change("DELETE", "/api/v1/orders", "orderCancelAll", {"symbol": symbol})

    # --- requests -------------------------------------------------------------------------------

    async def _read(
        self, path: str, fields: Fields | None = None, instruction: str | None = None
    ) -> Any:
        """GET, signed if there is an instruction; tried twice."""
        address = f"{path}?{urlencode(fields)}" if fields else path
        for is_last in (False, True):
            headers = self._signed(instruction, [fields or {}]) if instruction else {}
            try:
                return await self._request("GET", address, headers)
            except Unavailable as error:
                if is_last or error.status:
                    raise
        return None

    async def _change(
        self, method: str, path: str, instruction: str, body: Fields | Sequence[Fields]
    ) -> Any:
        objects = [body] if isinstance(body, Mapping) else body
        headers = self._signed(instruction, objects)
        headers["Content-Type"] = "application/json"
        return await self._request(method, path, headers, json.dumps(body).encode())

    def _signed(self, instruction: str, objects: Sequence[Fields]) -> dict[str, str]:
        """The headers that say who asks."""
        # No two requests have the same timestamp, so no two signatures are the same.
        timestamp = max(self._clock.now_ms(), self._last_timestamp + 1)
        self._last_timestamp = timestamp
        signature = self._signing.sign(text_to_sign(instruction, objects, timestamp)).signature
        return {
            "X-API-Key": self._api_key,
            "X-Signature": base64.b64encode(signature).decode(),
            "X-Timestamp": str(timestamp),
            "X-Window": str(WINDOW_MS),
        }

    async def _request(
        self, method: str, address: str, headers: dict[str, str], body: bytes | None = None
    ) -> Any:
        """What the exchange answers, from its JSON. Raises Refused or Unavailable."""
        url = self._url + address
        try:
            async with self._session.request(method, url, headers=headers, data=body) as response:
                status, data = response.status, await response.read()
                wait = response.headers.get("Retry-After", "")
        except TimeoutError:
            raise Unavailable(0, "NO_ANSWER", "none in time") from None
        except aiohttp.ClientError as error:
            raise Unavailable(0, "NO_CONNECTION", str(error) or repr(error)) from None
        if status < 300:
            return json.loads(data) if data else None
        raise _error(status, data, wait)


def text_to_sign(instruction: str, objects: Sequence[Fields], timestamp: int) -> bytes:
    """The text whose signature says that we mean these requests now."""
    parts = []
    for fields in objects:
        parts.append(f"instruction={instruction}")
        parts += [f"{name}={_signed_value(fields[name])}" for name in sorted(fields)]
    return "&".join([*parts, f"timestamp={timestamp}&window={WINDOW_MS}"]).encode()


def _signed_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _order(order: dict[str, Any]) -> Order:
    remaining = Decimal(order["quantity"]) - Decimal(order["executedQuantity"])
    is_bid = order["side"] == "Bid"
    return Order(order["id"], order["symbol"], is_bid, Decimal(order["price"]), remaining)


def _error(status: int, data: bytes, wait: str) -> ExchangeError:
    """What an answer that isn't a success means."""
    try:
        answer = json.loads(data)
        code, message = str(answer["code"]), str(answer["message"])
    except (ValueError, TypeError, KeyError):
        code, message = "UNKNOWN", f"HTTP status {status}"
    kind = Unavailable if status == 429 or status >= 500 else Refused
    return kind(status, code, message, float(wait) if wait.isdigit() else 0.0)
