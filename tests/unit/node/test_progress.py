"""An entry that ends the process three times is halted at; nothing else is ever skipped."""

import pytest

from truebook.commandlog.interface import LogEntry, Position
from truebook.commandlog.progress import STOPS_MAX, Progress


def entries(*numbers):
    return [LogEntry(Position(1, n), 1, b"") for n in numbers]


class Died(Exception):
    pass


def life(path, log, poison=None, build="1"):
    """One process's life over the log: what it applied, batch by batch, and where it halts."""
    progress = Progress(path, build)
    rest, batches = list(log), []
    try:
        while rest:
            count = progress.together(rest)
            if not count:
                return batches, rest[0].position.low
            batch, rest = rest[:count], rest[count:]
            progress.begin(batch[0].position, batch[-1].position)
            if any(entry.position.low == poison for entry in batch):
                raise Died
            progress.done(batch[-1].position)
            batches.append([entry.position.low for entry in batch])
        return batches, None
    finally:
        progress.close()


def die(path, log, poison, build="1"):
    with pytest.raises(Died):
        life(path, log, poison, build)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "engine.progress"


LOG = entries(*range(1, 9))


def test_a_healthy_engine_takes_batches_whole(path):
    assert life(path, LOG) == ([list(range(1, 9))], None)
    assert life(path, LOG) == ([list(range(1, 9))], None)


def test_after_a_bad_stop_the_suspects_are_applied_one_at_a_time(path):
    life(path, LOG[:3])
    die(path, LOG[3:6], poison=5)
    assert life(path, LOG) == ([[1, 2, 3], [4], [5], [6], [7, 8]], None)
    assert life(path, LOG) == ([list(range(1, 9))], None)


def test_the_third_stop_at_one_entry_halts_in_front_of_it(path):
    die(path, LOG, poison=5)
    for _ in range(STOPS_MAX):
        die(path, LOG, poison=5)
    for _ in range(3):
        assert life(path, LOG, poison=5) == ([[1, 2, 3, 4]], 5)


def test_a_batch_of_one_needs_no_further_stop_to_be_known(path):
    for _ in range(STOPS_MAX):
        die(path, LOG[:1], poison=1)
    assert life(path, LOG) == ([], 1)


def test_another_build_may_try_again(path):
    die(path, LOG, poison=5)
    for _ in range(STOPS_MAX):
        die(path, LOG, poison=5)
    assert life(path, LOG, build="2") == ([list(range(1, 9))], None)


def test_stops_at_different_entries_do_not_add_up(path):
    for poison in (1, 2, 3, 4, 5, 6):
        die(path, entries(poison), poison)
    assert life(path, LOG)[1] is None


def test_a_passed_suspect_is_forgiven(path):
    for _ in range(STOPS_MAX - 1):
        die(path, LOG[:1], poison=1)
    life(path, LOG[:1])
    for _ in range(STOPS_MAX - 1):
        die(path, LOG[:1], poison=1)
    assert life(path, LOG)[1] is None


@pytest.mark.parametrize("damage", [b"", b"x", bytes(500)])
def test_a_damaged_file_is_as_good_as_none(path, damage):
    path.write_bytes(damage)
    assert life(path, LOG)[1] is None
