"""A damaged snapshot or segment is named while nobody needs it yet."""

import pytest

from truebook.clock import ManualClock
from truebook.snapshots.folder import kept_by_all
from truebook.verify.file_watch import EVERY_S, FileWatch


@pytest.fixture
def watch(archived, tmp_path):
    """Of the archive, and of one snapshot, which is an empty file."""
    clock = ManualClock()
    folder = tmp_path / "snapshots" / "engine-1"
    watch = FileWatch(lambda: kept_by_all(tmp_path / "snapshots"), archived.store, clock)
    return watch, clock, folder


def look(watch, clock, times=40):
    found = []
    for _ in range(times):
        clock.advance(EVERY_S)
        found.append(watch.step())
    return [damaged for damaged in found if damaged is not None]


def test_whole_files_raise_no_alarm(watch):
    assert look(*watch[:2]) == []


def test_one_file_is_looked_at_at_a_time(watch, archived):
    watch, clock, _ = watch
    read, really = [], archived.store.read
    archived.store.read = lambda name: read.append(name) or really(name)
    for _ in range(2):
        clock.advance(EVERY_S)
        for _ in range(10):
            watch.step()
    assert len(read) == 1


def test_a_damaged_segment_is_named_once(watch, archived):
    watch, clock, _ = watch
    name = archived.store.names()[1]
    path = archived.store.path / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    (damaged,) = look(watch, clock, 3 * len(archived.store.names()) + 9)
    assert name in damaged.what


def test_a_damaged_snapshot_is_named(watch):
    watch, clock, folder = watch
    folder.mkdir(parents=True)
    (folder / "5-0.snapshot").write_bytes(b"")
    (damaged,) = look(watch, clock)
    assert f"{folder}/5-0.snapshot" in damaged.what
    assert watch.snapshots() == [damaged]


def test_a_snapshot_that_was_removed_meanwhile_is_none(watch):
    watch, clock, folder = watch
    folder.mkdir(parents=True)
    (folder / "5-0.snapshot").write_bytes(b"")
    look(watch, clock, 1)
    (folder / "5-0.snapshot").unlink()
    assert look(watch, clock, 5) == []
