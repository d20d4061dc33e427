"""A million orders at rest: three markets, a thousand accounts, five thousand prices a side."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truebook.bench.venue import ACCOUNTS, settings_of
from truebook.engine.fast import FastEngine
from truebook.limits import ORDER_COUNTER_BITS
from truebook.messages import (
    COMMAND,
    COMMAND_BYTES,
    ENTRY,
    FORMAT_VERSION,
    CommandKind,
    PlaceFlag,
)

MARKETS = 3
_MIDDLE = 10_000
_PRICES = 5_000
_SEED = 1
_BATCH = 64
_GATEWAY = 3


def founding() -> NDArray[np.uint8]:
    """The venue's settings, accounts and deposits: records of 64 bytes."""
    return settings_of(MARKETS)


def resting(orders: int) -> NDArray[np.uint8]:
    """Orders that never meet: records of 64 bytes."""
    return _records(_places(np.random.default_rng(_SEED), orders, 2 << ORDER_COUNTER_BITS))


def more(engine: FastEngine) -> Iterator[bytes]:
    """Inputs of 64 commands for ever: orders that come to rest, and are cancelled soon."""
    rng = np.random.default_rng(_SEED + 1)
    sequence, number = 0, _GATEWAY << ORDER_COUNTER_BITS
    while True:
        places = _places(rng, _BATCH, number)
        cancels = np.zeros(_BATCH, COMMAND)
        cancels["kind"], cancels["records"] = CommandKind.CANCEL, 1
        for name in ("account", "market", "order_id"):
            cancels[name] = places[name]
        number += _BATCH
        for commands in (places, cancels):
            sequence += 1
            yield _entry(sequence, engine.time_ms(), commands)


def _places(rng: np.random.Generator, count: int, first_id: int) -> NDArray[Any]:
    places = np.zeros(count, COMMAND)
    places["kind"], places["records"] = CommandKind.PLACE, 1
    places["side"] = rng.integers(0, 2, count)
    places["market"] = rng.integers(0, MARKETS, count)
    places["account"] = rng.integers(1, ACCOUNTS + 1, count)
    away = rng.integers(1, _PRICES + 1, count)
    places["price"] = np.where(places["side"] == 1, _MIDDLE + away, _MIDDLE - away)
    places["quantity"] = rng.integers(1, 100, count)
    places["order_id"] = first_id + 1 + np.arange(count)
    places["flags"] = PlaceFlag.HAS_CLIENT_ID
    places["client_id"] = (first_id + np.arange(count)) & 0xFFFFFFFF
    return places


def _records(commands: NDArray[Any]) -> NDArray[np.uint8]:
    return commands.view(np.uint8).reshape(-1, COMMAND_BYTES)


def _entry(sequence: int, time_ms: int, commands: NDArray[Any]) -> bytes:
    header = np.zeros(1, ENTRY)
    header["kind"], header["version"] = CommandKind.ENTRY, FORMAT_VERSION
    header["count"], header["gateway"] = len(commands), _GATEWAY
    header["sequence"], header["time_ms"] = sequence, time_ms
    return header.tobytes() + commands.tobytes()
