"""The archive's process: trouble doesn't end it, and it tells how far it is."""

import errno

import pytest
from venue.archived import SMALL

from truebook.commandlog.archive.running import AGAIN_S, Archiving
from truebook.commandlog.archive.store import FolderArchive
from truebook.commandlog.interface import ROLES_CHANNEL, LogNotDurable
from truebook.commandlog.memory import (
    MemoryBusServer,
    MemoryPublisher,
    MemorySubscription,
    MemoryTrimmer,
)
from truebook.queries import Query, decode_answer, encode_query


class Moody(FolderArchive):
    """A folder on a disk that may be full."""

    is_full = False

    def write(self, name, data):
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(name, data)


@pytest.fixture
def bus():
    return MemoryBusServer()


@pytest.fixture
def store(archived):
    return Moody(archived.store.path)


@pytest.fixture
def archiving(archived, bus, store):
    archiving = Archiving(
        lambda: archived.archiver(SMALL, store),
        MemoryTrimmer(archived.server),
        MemorySubscription(bus, ROLES_CHANNEL),
        MemoryPublisher(bus),
        archived.clock,
    )
    yield archiving
    archiving.close()


def work(archiving):
    for _ in range(20):
        archiving.step()


def test_what_is_in_the_log_is_archived(archived, archiving):
    archived.append_accounts(300)
    work(archiving)
    assert len(archived.store.names()) > 10
    assert archiving.status()["trouble"] == ""


def test_a_full_disk_is_said_and_archiving_goes_on_later(archived, archiving, store, caplog):
    archived.append_accounts(300)
    store.is_full = True
    work(archiving)
    assert "No space left" in str(archiving.status()["trouble"])
    assert caplog.text.count("No space left") == 1
    assert archived.server.entries == archived.all
    store.is_full = False
    work(archiving)
    assert archived.store.names() == []
    archived.clock.advance(AGAIN_S)
    work(archiving)
    assert archiving.status()["trouble"] == ""
    assert len(archived.store.names()) > 10


def test_a_log_that_is_away_is_waited_for(archived, archiving):
    archived.append_accounts(300)
    archived.server.is_up = False
    work(archiving)
    assert "switched off" in str(archiving.status()["trouble"])
    archived.server.is_up = True
    archived.clock.advance(AGAIN_S)
    work(archiving)
    assert len(archived.store.names()) > 10


def test_a_damaged_archive_is_named_and_trading_goes_on(archived, archiving):
    archived.append_accounts(300)
    work(archiving)
    archiving._give_up(OSError("a restart"))
    last = archived.store.path / archived.store.names()[-1]
    last.write_bytes(b"TRUEBOOK")
    archived.append_accounts(300)
    archived.clock.advance(AGAIN_S)
    work(archiving)
    assert last.name in str(archiving.status()["trouble"])
    assert archived.store.names()[-1] == last.name


def test_a_log_that_may_lose_entries_ends_it(archived, archiving, monkeypatch):
    def fail():
        raise LogNotDurable("appendfsync is no")

    monkeypatch.setattr(archiving, "_make", fail)
    with pytest.raises(LogNotDurable):
        archiving.step()


def test_it_answers_how_far_it_is(archived, archiving, bus):
    archived.append_accounts(300)
    archived.server.register("engine-1", archived.all[4].position)
    work(archiving)
    heard = MemorySubscription(bus, "asker")
    bus.publish(ROLES_CHANNEL, b"nonsense")
    bus.publish(ROLES_CHANNEL, encode_query(Query(5, "asker", "0-0", "roles")))
    archiving._answer_questions()
    (message,) = heard.receive()
    answer = decode_answer(message)
    status = answer.status
    assert (answer.id, status["role"]) == (5, "archive")
    assert answer.position == status["position"] == str(archived.all[-1].position)
    assert status["archived"] == str(archiving._archiver.end.position) < answer.position
    assert (status["trimmed"], status["heldBy"]) == (str(archived.all[4].position), "engine-1")
    assert status["reader engine-1"] == str(archived.all[4].position)
    assert int(status["logBytes"]) > 0
    assert status["segments"] == len(archived.store.names())


def test_it_serves_at_once_and_stops_when_it_is_told(archiving):
    told = []

    def serving():
        told.append(True)
        archiving.stop()

    archiving.run(serving)
    assert told == [True]
