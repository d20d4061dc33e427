"""A people database that is away: waited for at the start, and said afterwards."""

import asyncio

from truebook.api.people_errors import told
from truebook.config import SessionsSection
from truebook.directory import Directory
from truebook.people import doorkeeper
from truebook.people.doorkeeper import Doorkeeper
from truebook.people.errors import PeopleUnavailable
from truebook.people.sqlite import SqlitePeople


class ComingBack(SqlitePeople):
    """Away for the first questions."""

    left = 3

    def remove_expired(self, now_ms):
        if self.left:
            self.left -= 1
            raise PeopleUnavailable("connection refused")
        super().remove_expired(now_ms)


def test_nobody_is_let_in_before_the_database_was_read(tmp_path, monkeypatch):
    monkeypatch.setattr(doorkeeper, "AGAIN_S", 0.0)
    database = []

    def opened():
        database.append(ComingBack(tmp_path / "people"))
        return database[-1]

    async def begin():
        keeper = await Doorkeeper.start(Directory(), SessionsSection(), opened)
        await keeper.close()

    asyncio.run(begin())
    assert database[0].left == 0


def test_who_asks_meanwhile_is_told_to_come_again():
    error = told(PeopleUnavailable("The people database can't be reached"))
    assert (error.status, error.code, error.retry_after_s) == (503, "MAINTENANCE", 1)
