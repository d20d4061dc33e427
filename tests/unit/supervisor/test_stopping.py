"""A stop has a time of its own: whoever doesn't end takes it from those after."""

import asyncio

from truebook.config import Config
from truebook.datafolder import DataFolder
from truebook.progress import Progress
from truebook.supervisor import supervise
from truebook.supervisor.nursery import Nurseries
from truebook.supervisor.supervise import (
    STAGE_S_MIN,
    STOP_S_MAX,
    STOP_STAGES,
    Supervisor,
)


class Now:
    """A clock that goes on when somebody is waited for."""

    seconds = 0.0

    def elapsed_s(self):
        return self.seconds

    def now_ms(self):
        return 0


class Stuck:
    """A child that ends only by force."""

    is_serving = True

    def __init__(self, role, clock):
        self.role, self._clock = role, clock

    async def stop(self, patience_s):
        self._clock.seconds += patience_s


def test_a_stop_in_which_nobody_ends_takes_no_longer_than_it_may(tmp_path, monkeypatch):
    clock = Now()

    async def wait_in_vain(config, patience_s):
        clock.seconds += patience_s

    async def stop():
        folder = DataFolder(tmp_path)
        folder.create()
        supervisor = Supervisor(Config(data=str(tmp_path)), folder, Progress(), clock, Nurseries())
        supervisor._children = [Stuck(roles[0], clock) for roles, _ in STOP_STAGES]
        await supervisor._stop()

    monkeypatch.setattr(supervise, "wait_for_store", wait_in_vain)
    asyncio.run(stop())
    assert STOP_S_MAX < clock.seconds < STOP_S_MAX + (len(STOP_STAGES) + 1) * STAGE_S_MIN
