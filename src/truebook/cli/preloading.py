"""What a nursery imports, so that the roles it forks need not (supervisor/nursery.py).

Nothing of this may start a thread, open a connection or load the compiler: tests look.
"""

import importlib

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


def preload() -> None:
    """Import it."""
    for name in MODULES:
        importlib.import_module(name)
