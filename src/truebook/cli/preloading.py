"""What nurseries import, so that what they fork need not (supervisor/nursery.py).

Nothing of this may start a thread or open a connection, and only the engines' nursery loads the
compiler: tests look.
"""

import importlib
import sys
from collections.abc import Callable
from typing import Literal

from truebook.supervisor.nursery import Nurseries, Nursery

KERNEL = "truebook.engine.fast"
MODULES = (
    "asyncio",
    "concurrent.futures.thread",
    "uvloop",
    "truebook.api.app",
    "truebook.api.connect",
    "truebook.api.pages",
    "truebook.api.serve",
    "truebook.api.stream_guests",
    "truebook.bots.maker",
    "truebook.bots.running",
    "truebook.bots.taker",
    "truebook.cli.role_archive",
    "truebook.cli.role_feed",
    "truebook.cli.role_maker",
    "truebook.cli.role_store",
    "truebook.cli.role_taker",
    "truebook.cli.role_ws",
    "truebook.cli.role_api",
    "truebook.cli.sockets",
    "truebook.commandlog.archive.running",
    "truebook.feed.feed",
    "truebook.people.people",
    "truebook.people.sqlite",
    "truebook.store.projection",
    "truebook.store.reading",
    "truebook.store.writing",
    "truebook.ws.serve",
)


ENGINE_MODULES = ("truebook.cli.role_engine", "truebook.engine.scrubbing.fast", KERNEL)
CODEC = "truebook.plain.codec"
"""What gateways run that is compiled."""


def plant(kind: Literal["fast", "naive"], run: Callable[[list[str]], None]) -> Nurseries:
    """Import what roles need, and fork the nurseries off this process; `kind` of engine."""
    preload()
    roles = Nursery.plant(preload, run)
    if kind == "naive":
        return Nurseries(roles)
    return Nurseries(roles, Nursery.plant(preload_engine, run, beside=roles))


def preload() -> None:
    """Import what roles need."""
    for name in MODULES:
        importlib.import_module(name)


def preload_engine() -> None:
    """Load the kernel and what gateways run, unless they must be compiled first: the first engine
    does that, and tells, and the first gateway."""
    if KERNEL in sys.modules and CODEC in sys.modules:
        return
    from truebook.engine.compiled import is_cached
    from truebook.plain import compiling

    if is_cached():
        for name in ENGINE_MODULES:
            importlib.import_module(name)
    if compiling.is_cached():
        importlib.import_module(CODEC)
