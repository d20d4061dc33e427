"""What every benchmark does with what it found: tells machines, or people."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from truebook.progress import Progress

T = TypeVar("T")


def run_and_tell(
    measure: Callable[[Progress], Coroutine[Any, Any, T]], as_json: bool, show: Callable[[T], None]
) -> None:
    """Measure with progress on standard error, and tell what came of it."""
    progress = Progress(stream=sys.stderr)
    try:
        found = asyncio.run(measure(progress))
    finally:
        progress.end()
    tell(found, as_json, show)


def tell(found: T, as_json: bool, show: Callable[[T], None]) -> None:
    """One line of JSON, or what `show` prints."""
    if as_json:
        print(msgspec.json.encode(found).decode(), flush=True)
    else:
        show(found)


def print_figures(found: dict[str, Any]) -> None:
    """A line for each figure, by the name that it has in JSON."""
    width = max(map(len, found))
    for name, value in found.items():
        print(
            f"{name:{width}}  {value:,}" if isinstance(value, int) else f"{name:{width}}  {value}"
        )
