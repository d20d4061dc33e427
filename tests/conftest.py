"""The order of all tests, and which of them one process runs: no processor waits, neither at the
end for a long test nor while a test waits, and no exchange is started twice.

A file's tests are run by one process, so what they share is made once; so are those of a whole
folder where they share an exchange. What takes longest begins first.
"""

import os
import signal
from typing import Any

import pytest
from venue.postgres import postgres

__all__ = ["postgres"]

LONGEST = (
    "tests/model/test_kernel_modes.py",
    "tests/model/test_twin.py",
    "tests/clients/",
    "tests/browser/",
    "tests/crash/",
    "tests/services/",
    "tests/model/",
    "tests/security/test_processes.py",
    "tests/simulation/",
    "tests/store/",
    "tests/security/",
    "tests/rules/",
)
TOGETHER = ("tests/browser/", "tests/clients/", "tests/services/")
"""Folders whose tests share an exchange."""
APART = ("tests/simulation/", "tests/model/test_twin.py")
"""Their tests share nothing and are long."""


# A shell that starts tests in the background has them ignore interrupts, and all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by kind; within a kind tests stay in the order in which they are written."""
    items.sort(key=rank)


def rank(item: pytest.Item) -> int:
    """The place of a test's kind."""
    kinds = (number for number, start in enumerate(LONGEST) if item.nodeid.startswith(start))
    return next(kinds, len(LONGEST))


def unit(name: str) -> str:
    """What the test of this name is run with, by one process."""
    if name.startswith(APART):
        return name
    folders = (folder for folder in TOGETHER if name.startswith(folder))
    return next(folders, name.partition("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: many tests wait for other processes."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hands out units in the order of the tests."""
    from xdist.scheduler import LoadScopeScheduling

    class UnitScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    config.option.loadscopereorder = False
    return UnitScheduling(config, log)
