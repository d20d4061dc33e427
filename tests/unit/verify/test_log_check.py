"""Whatever is changed in the log, archived or not, is found and named."""

import pytest
from blake3 import blake3

from truebook.clock import ManualClock
from truebook.commandlog.archive.packing import packer
from truebook.commandlog.archive.segment import (
    ENTRY_HEAD,
    HEAD_BYTES,
    SegmentWriter,
    read_segment,
)
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import LogEntry, Position
from truebook.commandlog.memory import MemoryLogReader
from truebook.commandlog.memory_recoveries import MemoryRecoveryBook
from truebook.messages import COMMAND_BYTES
from truebook.verify.log_check import check_log


def check(archived, known=None):
    stream, book = MemoryLogReader(archived.server), MemoryRecoveryBook(archived.server)
    trimmed = archived.server.trimmed
    return check_log(archived.store, stream, trimmed, ManualClock(), known, book=book)


def segment(archived, number):
    """Path, head and entries of a segment."""
    name = archived.store.names()[number - 1]
    path = archived.store.path / name
    return (path, *read_segment(name, path.read_bytes()))


def rewrite(archived, number, change, *, all_behind=False):
    """Let somebody change a segment's entries who makes its hashes anew, and those behind it."""
    before = None
    for at in range(number, len(archived.store.names()) + 1 if all_behind else number + 1):
        path, head, entries = segment(archived, at)
        writer = SegmentWriter(before or head.before)
        for entry in change(entries) if at == number else entries:
            writer.add(entry)
        name, data, before = writer.finish()
        path.unlink()
        (path.parent / name).write_bytes(data)


def edited(entry):
    """One bit of the last record changed, the checksum made anew."""
    data = entry.data[COMMAND_BYTES:-40] + b"\1" + entry.data[-39:]
    gateway, sequence = 1, int.from_bytes(entry.data[8:16], "little")
    return entry._replace(data=pack_entry(gateway, sequence, data))


def test_an_untouched_log_is_right(archived):
    checked = check(archived)
    assert checked.findings == []
    assert checked.is_right
    assert checked.entries == len(archived.all) == 130
    assert checked.position == str(archived.all[-1].position)
    assert checked.chain == archived.chain.hex()
    assert checked.segments == len(archived.store.names()) > 5
    assert checked.commands == 9 + 10 + 2 * 119
    assert archived.server.trimmed > archived.all[20].position


def test_the_chain_that_an_engine_remembers_is_the_same(archived):
    last = archived.all[-1].position
    assert check(archived, {last: ("engine-1", archived.chain)}).is_right
    (finding,) = check(archived, {last: ("engine-1", bytes(32))}).findings
    assert "engine-1 has read another log" in finding.what
    assert finding.position == str(last)


def test_every_flipped_byte_of_a_segment_is_named(archived):
    path, head, _ = segment(archived, 2)
    data = path.read_bytes()
    for byte in range(len(data)):
        path.write_bytes(data[:byte] + bytes([data[byte] ^ 0x10]) + data[byte + 1 :])
        checked = check(archived)
        assert checked.found == 1, checked.findings
        assert checked.findings[0].segment == path.name
        position = Position.parse(checked.findings[0].position)
        assert head.before.position <= position <= head.last
    path.write_bytes(data)
    assert check(archived).is_right


def test_every_torn_segment_is_named(archived):
    path, head, _ = segment(archived, 2)
    data = path.read_bytes()
    for length in range(0, len(data), 3):
        path.write_bytes(data[:length])
        (finding,) = check(archived).findings
        assert finding.segment == path.name
        assert "cut off" in finding.what
        assert head.before.position <= Position.parse(finding.position) <= head.last


def test_an_entry_damaged_inside_a_segment_is_named_with_its_byte(archived):
    path, _, entries = segment(archived, 3)
    bad = 5
    content = b"".join(
        ENTRY_HEAD.pack(*entry.position, len(entry.data)) + entry.data for entry in entries
    )
    offset = sum(ENTRY_HEAD.size + len(entry.data) for entry in entries[:bad])
    content = bytearray(content)
    content[offset + 100] ^= 1
    data = path.read_bytes()
    new = packer()
    path.write_bytes(data[:HEAD_BYTES] + new.compress(bytes(content)) + new.flush())
    (finding,) = check(archived).findings
    assert finding.position == str(entries[bad].position)
    assert finding.byte == offset
    assert "isn't what a gateway wrote" in finding.what


def test_an_edited_command_is_found_though_its_segment_was_made_anew(archived):
    def change(entries):
        return [*entries[:4], edited(entries[4]), *entries[5:]]

    following = segment(archived, 4)[1]
    rewrite(archived, 3, change)
    findings = check(archived).findings
    assert "tells of another chain" in findings[0].what
    assert findings[0].position == str(following.first)


def test_an_edited_command_is_found_though_all_behind_it_was_made_anew(archived):
    def change(entries):
        return [*entries[:4], edited(entries[4]), *entries[5:]]

    rewrite(archived, 3, change, all_behind=True)
    assert check(archived).is_right  # the bytes are a log; it is only not the one that was
    last = archived.all[-1].position
    checked = check(archived, {last: ("engine-1", archived.chain)})
    assert "engine-1 has read another log" in checked.findings[0].what


def test_what_the_server_still_has_proves_an_edited_segment_wrong(archived):
    def change(entries):
        return [*entries[:2], edited(entries[2]), *entries[3:]]

    number = len(archived.store.names())
    _, _, entries = segment(archived, number)
    rewrite(archived, number, change, all_behind=True)
    (finding,) = check(archived).findings
    assert finding.what == "the archive and the log server differ there"
    assert finding.position == str(entries[2].position)


def test_a_foreign_entry_in_the_archive_is_named(archived):
    place = segment(archived, 3)[2][4].position
    foreign = Position(place.high, place.low + 1)

    def change(entries):
        data = pack_entry(1, 5000, entries[4].data[COMMAND_BYTES:])
        return [*entries[:5], LogEntry(foreign, foreign.high, data), *entries[5:]]

    rewrite(archived, 3, change, all_behind=True)
    first = check(archived).findings[0]
    assert first.position == str(foreign)
    assert "entry 5000 of gateway 1, whose entry" in first.what


def test_an_entry_left_out_of_the_archive_is_named(archived):
    _, _, entries = segment(archived, 3)
    rewrite(archived, 3, lambda entries: [*entries[:5], *entries[6:]], all_behind=True)
    first = check(archived).findings[0]
    assert first.position == str(entries[6].position)
    assert "is missing" in first.what


def test_a_missing_segment_is_named_and_the_rest_is_checked(archived):
    names = archived.store.names()
    (archived.store.path / names[1]).unlink()
    (archived.store.path / names[2]).unlink()
    damaged = archived.store.path / names[4]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    first, second = check(archived).findings
    assert first.what == "segments 2 to 3 aren't there"
    assert second.segment == names[4]


def test_exchanged_segments_are_named(archived):
    names = archived.store.names()
    one, other = (archived.store.path / name for name in names[1:3])
    one_data, other_data = one.read_bytes(), other.read_bytes()
    one.write_bytes(other_data)
    other.write_bytes(one_data)
    findings = check(archived).findings
    assert [finding.segment for finding in findings] == names[1:3]


def test_a_file_that_is_no_segment_is_named(archived):
    (archived.store.path / "holiday.segment").write_bytes(b"sun")
    (finding,) = check(archived).findings
    assert finding.segment == "holiday.segment"


def test_an_edited_entry_on_the_server_is_named(archived):
    entry = archived.server.entries[-1]
    archived.server.entries[-1] = entry._replace(data=entry.data[:-1] + b"\1")
    (finding,) = check(archived).findings
    assert (finding.position, finding.segment) == (str(entry.position), "")
    assert "isn't what a gateway wrote" in finding.what


def test_what_a_stranger_wrote_to_the_log_is_named(archived):
    stranger = archived.server.append(b"hello")
    (finding,) = check(archived).findings
    assert finding.position == str(stranger)


def test_a_hole_between_archive_and_server_is_named(archived):
    end = segment(archived, len(archived.store.names()))[1].last
    archived.server.trimmed = archived.all[-1].position
    del archived.server.entries[:-1]
    assert end < archived.server.trimmed
    (finding,) = check(archived).findings
    assert finding.position == str(end)
    assert "entries are missing behind it" in finding.what


def test_a_server_that_lost_entries_is_named(archived):
    del archived.server.entries[:]
    finding = check(archived).findings[0]
    assert "doesn't hold" in finding.what


def test_a_repeat_is_no_fault_but_another_entry_under_the_same_number_is(archived):
    last = archived.all[-1]
    archived.server.append(last.data)
    checked = check(archived)
    assert (checked.is_right, checked.repeated) == (True, 1)
    archived.server.append(edited(last).data)
    (finding,) = check(archived).findings
    assert "is another entry 130 of gateway 1" in finding.what


def test_progress_goes_up_to_one(archived):
    shares = []
    stream = MemoryLogReader(archived.server)
    trimmed = archived.server.trimmed
    check_log(archived.store, stream, trimmed, ManualClock(), None, shares.append)
    assert sorted(shares) == shares
    assert shares[-1] == 1


@pytest.mark.parametrize("count", [0, 3])
def test_a_log_without_an_archive_is_checked_too(archived, count):
    for name in archived.store.names():
        (archived.store.path / name).unlink()
    archived.server.trimmed = Position(0, 0)
    archived.server.entries[:] = archived.all[:count]
    checked = check(archived)
    assert (checked.found, checked.entries, checked.segments) == (0, count, 0)


def test_hashes_are_what_the_documentation_says(archived):
    path, head, _ = segment(archived, 1)
    data = path.read_bytes()
    assert blake3(data[: HEAD_BYTES - 32]).digest() == data[HEAD_BYTES - 32 : HEAD_BYTES]
    assert blake3(data[HEAD_BYTES:]).digest() == head.content_hash


def test_a_list_of_recoveries_that_the_log_does_not_tell_of_is_found(archived):
    position = archived.server.last_position()
    MemoryRecoveryBook(archived.server).append(0, position)
    assert check(archived).is_right
    (true,) = archived.server.recoveries
    for listed, where in (([], "only the log has"), ([true, true._replace(at=position)], "list")):
        archived.server.recoveries = listed
        checked = check(archived)
        assert checked.found == 1
        assert where in checked.findings[0].what
        assert str(position) in checked.findings[0].what
