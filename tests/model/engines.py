"""The engines that are compared with the naive twin.

`CANDIDATES` names them; as long as there is no fast engine the twin is compared with itself, which
still shows that it is a function of the log and keeps the invariants.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from truebook.engine.interface import Engine
from truebook.engine.naive import NaiveEngine

HAS_FAST = find_spec("truebook.engine.fast") is not None


def naive() -> Engine:
    """Make the reference."""
    return NaiveEngine()


def fast(**options: Any) -> Engine:
    """Make a fast engine that always looks ahead; `event_rows` bounds its event buffer."""
    engine: Engine = import_module("truebook.engine.fast").FastEngine(look_from=0, **options)
    return engine


CANDIDATES: dict[str, Callable[[], Engine]] = {"fast": fast} if HAS_FAST else {"naive": naive}
TINY_BUFFER_ROWS = range(8, 32)
"""Sizes of event buffers, in rows, that make the fast engine stop and go on all the time."""


def candidate(name: str) -> Engine:
    """Make a candidate by name; "fast/8" has an event buffer of 8 rows."""
    base, _, rows = name.partition("/")
    return fast(event_rows=int(rows)) if rows else CANDIDATES[base]()
