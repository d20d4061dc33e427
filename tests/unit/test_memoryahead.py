"""A thread stays ahead of an engine, and sleeps while that rests."""

from queue import SimpleQueue

import pytest

from truebook.memoryahead import RECORDS_BETWEEN, MemoryAhead

ANSWER_S = 10.0


class Asked:
    """Stands for an engine: tells when it was asked, and what it has left to touch."""

    def __init__(self):
        self.calls = SimpleQueue()
        self.left = [0]

    def stay_ahead(self):
        touched = self.left.pop(0) if self.left else 0
        self.calls.put(touched)
        return touched

    def heard(self):
        return self.calls.get(timeout=ANSWER_S)


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def memory(asked):
    memory = MemoryAhead(asked.stay_ahead)
    yield memory
    memory.close()


def test_an_engine_is_asked_again_until_all_is_there(asked, memory):
    asked.left = [5, 3, 0]
    memory.begin()
    assert [asked.heard() for _ in range(3)] == [5, 3, 0]


def test_few_records_wake_nobody_and_many_do(asked, memory):
    memory.applied(RECORDS_BETWEEN - 1)
    memory.begin()
    assert asked.heard() == 0
    memory.applied(RECORDS_BETWEEN - 1)
    assert asked.calls.empty()
    memory.applied(1)
    assert asked.heard() == 0


def test_closing_ends_the_thread(asked):
    memory = MemoryAhead(asked.stay_ahead)
    memory.close()
    memory.close()
    memory.applied(RECORDS_BETWEEN)
    assert asked.calls.empty()
