"""The order of all tests: what takes longest begins first, and no processor waits at the end."""

import pytest
from venue.postgres import postgres

__all__ = ["postgres"]

LONGEST = (
    "tests/model/test_twin.py",
    "tests/model/test_kernel_modes.py",
    "tests/crash/",
    "tests/services/",
    "tests/model/",
    "tests/store/",
    "tests/clients/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by kind; within a kind tests stay in the order in which they are written."""
    items.sort(key=rank)


def rank(item: pytest.Item) -> int:
    """The place of a test's kind."""
    kinds = (number for number, start in enumerate(LONGEST) if item.nodeid.startswith(start))
    return next(kinds, len(LONGEST))
