"""Nothing leaves the log before it stands in the archive and everybody has passed it."""

import errno

import pytest
from venue.archived import SMALL, drain

from truebook.commandlog.archive.archiver import Archiver
from truebook.commandlog.archive.reading import ArchiveReader
from truebook.commandlog.archive.segment import SegmentDamaged
from truebook.commandlog.archive.store import ArchiveInUse, FolderArchive, open_archive
from truebook.commandlog.interface import GENESIS, LogHole, LogLost, Position
from truebook.commandlog.memory import MemoryLogReader, MemoryLogServer, MemoryTrimmer

KEEP_BYTES = SMALL.log_bytes_max // 2


def archived_entries(store):
    reader = ArchiveReader(store)
    reader.refresh()
    entries, after = [], GENESIS
    while read := reader.read(after, 7):
        entries += read
        after = read[-1].position
    return entries


def test_the_archive_has_what_the_log_had(archived):
    archived.append_accounts(300)
    end = archived.archive().end
    entries = archived_entries(archived.store)
    assert entries == archived.all[: end.entries]
    assert len(archived.all) - len(entries) < 20  # less than a segment
    assert len(archived.store.names()) == end.number > 10


def test_the_log_is_trimmed_to_half_of_its_bound(archived):
    archived.append_accounts(1000)
    archiver = archived.archive()
    assert archived.server.trimmed == archiver.trimmed > GENESIS
    assert archived.server.entries[0].position == archiver.trimmed
    kept = sum(len(entry.data) + 84 for entry in archived.server.entries)
    assert KEEP_BYTES / 2 < kept < KEEP_BYTES + SMALL.segment_bytes * 1.5


def test_the_last_archived_entry_stays_in_the_log(archived):
    archived.append_accounts(100)
    plan = SMALL._replace(log_bytes_max=1)
    archiver = archived.archive(plan)
    assert archiver.end.position == archived.server.entries[0].position == archiver.trimmed


def test_archive_and_log_together_are_the_whole_log(archived):
    archived.append_accounts(500)
    archived.archive()
    log, entries, after = archived.whole(), [], GENESIS
    while read := log.read(after, 13, 0):
        entries += read
        after = read[-1].position
    assert entries == archived.all
    assert log.last_position() == archived.all[-1].position


def test_an_archiver_goes_on_where_another_one_stopped(archived):
    for count in (30, 40, 1, 200):
        archived.append_accounts(count)
        end = archived.archive().end
    assert archived_entries(archived.store) == archived.all[: end.entries]


def test_a_small_rest_is_archived_when_it_is_old(archived):
    archived.append_accounts(3)
    archiver = archived.archiver()
    archiver.open()
    drain(archiver)
    assert archiver.end.entries == 0
    archived.clock.advance(SMALL.segment_s)
    drain(archiver)
    archiver.close()
    assert archiver.end.entries == 4
    assert archiver.end.chain == archived.chain


def test_a_reader_that_has_not_passed_holds_the_trimming(archived):
    archived.append_accounts(50)
    archived.server.register("engine-1", archived.all[10].position)
    archived.append_accounts(500)
    archiver = archived.archive()
    assert archived.server.trimmed == archived.all[10].position
    assert archiver.holder == "engine-1"
    assert archived.server.entries == archived.all[10:]


def test_once_the_reader_has_passed_the_trimming_goes_on(archived):
    archived.append_accounts(500)
    archived.server.register("engine-1", archived.all[10].position)
    archiver = archived.archiver()
    archiver.open()
    drain(archiver)
    held = archiver.trimmed
    archived.server.register("engine-1", archived.all[-1].position)
    archived.clock.advance(10)
    archived.server.register("engine-1", archived.all[-1].position)
    drain(archiver)
    archiver.close()
    assert held == archived.all[10].position < archiver.trimmed
    assert archiver.holder == ""


def test_a_reader_that_vanished_is_waited_for_no_more(archived, caplog):
    archived.append_accounts(500)
    archived.server.register("engine-1", archived.all[10].position)
    archived.clock.advance(SMALL.vanished_s + 1)
    archiver = archived.archive()
    assert archiver.trimmed > archived.all[10].position
    assert archived.server.readers == {}
    assert "engine-1" in caplog.text


def test_a_reader_that_came_back_too_late_finds_the_rest_in_the_archive(archived):
    archived.append_accounts(200)
    log = archived.whole("engine-1")
    entries = log.follow(GENESIS, 20)
    archived.clock.advance(SMALL.vanished_s + 1)
    archived.append_accounts(300)
    archived.archive()
    assert archived.server.trimmed > entries[-1].position
    while read := log.follow(entries[-1].position, 20):
        entries += read
    assert entries == archived.all
    assert archived.server.readers["engine-1"].position == archived.all[-1].position


def test_nothing_is_trimmed_if_a_segment_cannot_be_written(archived):
    class Full(FolderArchive):
        def write(self, name, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    archived.append_accounts(500)
    archiver = archived.archiver(store=Full(archived.store.path))
    archiver.open()
    with pytest.raises(OSError, match="No space left"):
        drain(archiver)
    archiver.close()
    assert archived.server.entries == archived.all
    archived.archive()
    assert archived_entries(archived.store)[0] == archived.all[0]


def test_what_a_killed_writer_left_is_no_segment_and_is_cleared_away(archived):
    archived.append_accounts(100)
    archived.archive()
    names = archived.store.names()
    (archived.store.path / (names[-1] + ".new")).write_bytes(b"half a segm")
    assert archived.store.names() == names
    archived.append_accounts(100)
    archived.archive()
    assert [path.suffix for path in archived.store.path.glob("*.new")] == []
    assert len(archived_entries(archived.store)) > 150


def test_two_archivers_never_write_to_one_archive(archived):
    first, second = archived.archiver(), archived.archiver(store=FolderArchive(archived.store.path))
    first.open()
    with pytest.raises(ArchiveInUse, match="another process"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_a_segment_is_never_overwritten(archived):
    archived.store.lock()
    archived.store.write("00000001-1-0.segment", b"a")
    with pytest.raises(FileExistsError):
        archived.store.write("00000001-1-0.segment", b"b")
    archived.store.close()


def test_a_new_archive_on_a_trimmed_log_is_refused(archived, tmp_path):
    archived.append_accounts(500)
    archived.archive()
    archiver = archived.archiver(store=FolderArchive(tmp_path / "other"))
    with pytest.raises(LogHole, match="missing behind 0-0"):
        archiver.open()
    archiver.close()


def test_an_archive_of_another_log_is_refused(archived):
    archived.append_accounts(500)
    archived.archive()
    archived.server = MemoryLogServer(archived.clock)
    archiver = archived.archiver()
    with pytest.raises(LogLost, match="doesn't hold"):
        archiver.open()
    archiver.close()
    with pytest.raises(LogLost, match="the archive goes to"):
        archived.whole().last_position()


def test_a_damaged_last_segment_is_named_and_nothing_is_added(archived):
    archived.append_accounts(100)
    archived.archive()
    last = archived.store.path / archived.store.names()[-1]
    last.write_bytes(last.read_bytes()[:-1])
    archiver = archived.archiver()
    with pytest.raises(SegmentDamaged, match=last.name):
        archiver.open()
    archiver.close()


def test_a_missing_segment_is_named(archived):
    archived.append_accounts(100)
    archived.archive(SMALL._replace(log_bytes_max=1))
    names = archived.store.names()
    (archived.store.path / names[2]).unlink()
    with pytest.raises(LogHole, match=f"segment 3 of the archive, before {names[3]}"):
        archived.whole().read(GENESIS, 10, 0)


def test_a_lost_archive_is_a_hole_and_no_reader_jumps_over_it(archived):
    archived.append_accounts(500)
    archived.archive()
    for name in archived.store.names():
        (archived.store.path / name).unlink()
    with pytest.raises(LogHole, match="missing behind 0-0"):
        archived.whole().read(GENESIS, 10, 0)
    with pytest.raises(LogHole, match="missing behind 0-0"):
        archived.whole().follow(GENESIS, 10)


def test_a_damaged_segment_is_named_when_it_is_reached(archived):
    archived.append_accounts(30)
    archived.archive(SMALL._replace(log_bytes_max=1))
    log = archived.whole()
    name = archived.store.names()[1]
    path = archived.store.path / name
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(bytes(data))
    last = log.read(GENESIS, 1000, 0)[-1]
    with pytest.raises(SegmentDamaged, match=f"{name}: its content was changed"):
        log.read(last.position, 10, 0)


def test_a_position_that_the_archive_does_not_have_is_a_hole(archived):
    archived.append_accounts(500)
    archived.archive()
    strange = Position(archived.all[5].position.high, 7)
    with pytest.raises(LogHole, match="doesn't hold"):
        archived.whole().read(strange, 10, 0)


def test_readers_are_told_with_position_and_time(archived):
    archived.append_accounts(3)
    MemoryTrimmer(archived.server).register("snapshot", archived.all[1].position)
    (reader,) = MemoryTrimmer(archived.server).readers()
    assert reader.name == "snapshot"
    assert reader.position == archived.all[1].position
    assert reader.seen_ms == archived.clock.now_ms()


@pytest.mark.parametrize("url", ["", "file://host/x", "s3://x/y", "file:x", "/x"])
def test_only_an_absolute_file_url_is_an_archive(url):
    with pytest.raises(ValueError, match="no archive"):
        open_archive(url)


def test_an_archive_url_may_have_any_characters(tmp_path):
    path = tmp_path / "a b#c%"
    assert open_archive(path.as_uri()).path == path


class Killed(BaseException):
    """Stands for kill -9."""


class Mortal:
    """Counts the things done that outlive a process, and dies at one of them, before or after."""

    def __init__(self, deaths_at):
        self.left = deaths_at

    def does(self, act, *arguments):
        self.left -= 1
        if self.left == 0:
            raise Killed
        found = act(*arguments)
        self.left -= 1
        if self.left == 0:
            raise Killed
        return found


@pytest.mark.parametrize("deaths_at", range(1, 40))
def test_an_archiver_killed_anywhere_loses_nothing_and_goes_on(archived, deaths_at):
    mortal = Mortal(deaths_at)

    class Store(FolderArchive):
        def write(self, name, data):
            part = self.path / (name + ".new")
            mortal.does(part.write_bytes, data[:100])
            mortal.does(super().write, name, data)

    class Trimmer(MemoryTrimmer):
        def trim(self, bound, vanished_ms):
            archive = ArchiveReader(archived.store)
            archive.refresh()
            assert bound <= archive.end
            return mortal.does(super().trim, bound, vanished_ms)

    archived.append_accounts(150)
    archiver = Archiver(
        Store(archived.store.path),
        MemoryLogReader(archived.server),
        Trimmer(archived.server),
        SMALL._replace(log_bytes_max=8192),
        archived.clock,
    )
    archiver.open()
    with pytest.raises(Killed):
        drain(archiver)
    archiver.close()
    log, entries, after = archived.whole(), [], GENESIS
    while read := log.read(after, 50, 0):
        entries += read
        after = read[-1].position
    assert entries == archived.all
    archived.append_accounts(30)
    end = archived.archive().end
    assert archived_entries(archived.store) == archived.all[: end.entries]
    assert end.entries > 150
