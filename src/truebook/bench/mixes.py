"""What is asked of the exchange: orders that rest or trade, cancellations, batches, and a mix.

Promise: every request is good when it is sent in its turn on its connection: a cancellation names
an order that the same connection has placed before. Client ids are never used twice.

An HTTP connection takes the accounts of its own in turn, so that even a single one stays below the
bound on an account's open orders.
"""

import itertools
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

from truebook.bench.plan import Lane, Request
from truebook.bench.requests import FILLED, Fields, Maker, Session, Signer, framed
from truebook.bench.trading import EDGE, MIDDLE, SYMBOL, Trader

Mix = Literal["place", "cross", "cancel", "batch", "mixed"]
MIXES: tuple[Mix, ...] = get_args(Mix)
BATCH_ORDERS = 20
_LEVELS = 200
"""Price levels that new orders come to rest on, on each side."""


class Placed(NamedTuple):
    """An order that a request places."""

    signer: Maker
    client_id: int


class Desk:
    """Makes the requests of a number of traders."""

    def __init__(self, traders: Sequence[Trader], *, is_websocket: bool = False) -> None:
        self.is_websocket = is_websocket
        kind = Session if is_websocket else Signer
        self._signers: list[Maker] = [kind(trader.key) for trader in traders]
        self._client_ids = itertools.count(1)

    def placing(self, connections: int, each: int) -> tuple[list[Lane], list[list[Placed]]]:
        """Orders that rest, and what they were, to be cancelled later."""
        lanes, placed = [], []
        for turn in self._turns(connections, each):
            orders = [Placed(signer, next(self._client_ids)) for signer in turn]
            placed.append(orders)
            lanes.append(Lane([o.signer.place(_resting(o.client_id)) for o in orders]))
        return lanes, placed

    def cancelling(self, placed: Sequence[Sequence[Placed]]) -> list[Lane]:
        """Cancellations of orders that were placed."""
        return [Lane([o.signer.cancel(_target(o.client_id)) for o in orders]) for orders in placed]

    def crossing(self, connections: int, each: int) -> list[Lane]:
        """Orders that trade at once and whole, bids and asks in turn."""
        return [
            Lane([signer.place(_crossing(next(self._client_ids)), FILLED) for signer in turn])
            for turn in self._turns(connections, each)
        ]

    def batching(self, connections: int, each: int) -> list[Lane]:
        """Batches of orders that rest."""
        return [
            Lane(
                [
                    signer.batch([_resting(next(self._client_ids)) for _ in range(BATCH_ORDERS)])
                    for signer in turn
                ]
            )
            for turn in self._turns(connections, each)
        ]

    def mixing(self, connections: int, each: int) -> list[Lane]:
        """Orders that rest, each cancelled by the request after it."""
        lanes = []
        for turn in self._turns(connections, each // 2):
            requests: list[Request] = []
            for signer in turn:
                client_id = next(self._client_ids)
                requests.append(signer.place(_resting(client_id)))
                requests.append(signer.cancel(_target(client_id)))
            lanes.append(Lane(requests))
        return lanes

    def opened(self, lanes: Sequence[Lane]) -> list[Lane]:
        """The lanes as they are to be sent: over websockets, as frames behind a logon."""
        if not self.is_websocket:
            return list(lanes)
        found = []
        for lane, session in zip(lanes, self._signers, strict=False):
            assert isinstance(session, Session)
            logon, *requests = framed([session.logon(), *lane.requests])
            found.append(Lane(requests, [logon]))
        return found

    def _turns(self, connections: int, each: int) -> Iterator[Iterator[Maker]]:
        """For each connection, whose turn it is, `each` times. A websocket has one user."""
        for number in range(connections):
            own = self._signers[number::connections] or [self._signers[0]]
            own = own[:1] if self.is_websocket else own
            yield itertools.islice(itertools.cycle(own), each)


def resting_prices() -> tuple[Decimal, Decimal]:
    """The highest bid and the lowest ask of orders that are to rest."""
    away = EDGE + 1
    return Decimal(MIDDLE - away) / 100, Decimal(MIDDLE + away) / 100


def _resting(client_id: int) -> Fields:
    away = EDGE + 1 + client_id % _LEVELS
    is_bid = client_id // _LEVELS % 2
    ticks = MIDDLE - away if is_bid else MIDDLE + away
    return _limit("Bid" if is_bid else "Ask", ticks, client_id)


def _crossing(client_id: int) -> Fields:
    is_bid = client_id % 2
    return _limit("Bid" if is_bid else "Ask", MIDDLE + (EDGE if is_bid else -EDGE), client_id)


def _limit(side: str, ticks: int, client_id: int) -> Fields:
    return {
        "symbol": SYMBOL,
        "side": side,
        "orderType": "Limit",
        "price": f"{ticks // 100}.{ticks % 100:02}",
        "quantity": f"0.{1 + client_id % 99:02}",
        "clientId": client_id,
    }


def _target(client_id: int) -> Fields:
    return {"symbol": SYMBOL, "clientId": client_id}
