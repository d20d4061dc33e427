"""Processes of the simulated system: each with tasks or one blocking program, and all mortal.

Promise: a process is killed as by SIGKILL: from that instant nothing that it does has any effect
outside itself, whatever its code does while it unwinds. What it had sent before is on its way.

Blocking code (an engine's loop, the archive's, the witness's) runs as it is, in a **fiber**: where
it would wait for a server, a disk or in `select`, `block_on` hands what it waits for to the event
loop, and it goes on when that has come. So what blocks in earnest is interrupted here at exactly
the places where another process could get in between.
"""

import asyncio
import contextlib
import select
from contextvars import copy_context

from greenlet import getcurrent, greenlet
from simulation.loop import PROCESS, Owner

from truebook.commandlog.ears import Ears

TURN_S = 0.0002
"""How long it takes at least to see that there is something to do."""
FIRST_EAR = 1_000_000
"""Numbers of simulated connections begin above those of any file."""


class Killed(BaseException):
    """The process of whoever is told this is no more."""


class Process(Owner):
    """One life of a process."""

    def __init__(self, world, name, kind):
        super().__init__()
        self.world = world
        self.name = name
        self.kind = kind
        self.stopped_s = 0.0
        """For how long it stood still, in all, before it last went on."""
        self.stopped_at_s = 0.0
        """Since when it stands still, if it does."""
        self._ears = []
        self._waker = None
        self.on_death = []
        self.ears = []
        """Its subscribed connections to the bus."""
        self.context = copy_context()
        self.context.run(PROCESS.set, self)

    def begin(self, body):
        """Run an async function as this process's; the task."""
        return self.world.loop.create_task(body, context=self.context)

    def stood_still_s(self):
        """For how long it has stood still, in all, by now."""
        since_s = self.world.loop.time() - self.stopped_at_s
        return self.stopped_s + (since_s if self.is_stopped else 0.0)

    def call_later(self, seconds, call, *args):
        """Call in this process, unless it is dead by then."""

        def alive():
            if self.is_alive:
                call(*args)

        return self.world.loop.call_later(seconds, alive, context=self.context)

    def kill(self, why):
        """End it, now."""
        if not self.is_alive:
            return
        self.is_alive = False
        self.world.trace(f"{self.name} is killed: {why}")
        if self.is_stopped:
            self.world.loop.go_on(self)
        for task in self.tasks:
            task.cancel()
        for call in self.on_death:
            call()

    def check_alive(self):
        """Raise Killed where the process is dead."""
        if not self.is_alive:
            raise Killed(self.name)

    def pass_point(self, point):
        """The process comes to a named point: it may not live to pass it."""
        self.check_alive()
        if self.world.faults.is_fatal(self, point):
            self.kill(f"at {point}")
            raise Killed(self.name)

    # what blocking code waits in

    def ear(self, is_ready):
        """The number of a new connection that is readable when `is_ready` says so."""
        self._ears.append(is_ready)
        return FIRST_EAR + len(self._ears) - 1

    def wake(self):
        """Something may have become readable."""
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)

    async def hear(self, ears, seconds):
        """Wait until one of them is readable, or the time is over; which are."""
        wanted = [number for number in ears if number >= FIRST_EAR]
        loop = self.world.loop
        await asyncio.sleep(TURN_S)
        until_s = loop.time() + seconds
        while not (ready := [number for number in wanted if self._ears[number - FIRST_EAR]()]):
            self._waker = loop.create_future()
            timer = loop.call_at(until_s, self.wake)
            await self._waker
            timer.cancel()
            if loop.time() >= until_s:
                break
        return ready


class Fiber(greenlet):
    """Blocking code of a process."""

    def __init__(self, process, run):
        super().__init__(run)
        self.process = process


async def drive(fiber, request=None):
    """Run a fiber to its end in the event loop; what it returns."""
    if request is None:
        request = fiber.switch()
    while not fiber.dead:
        try:
            found = await request
        except asyncio.CancelledError:
            request = fiber.throw(Killed(fiber.process.name))
        except BaseException as error:
            request = fiber.throw(error)
        else:
            request = fiber.switch(found)
    return request


def block_on(waiting):
    """Called in a fiber: wait for a coroutine; what it gives or raises."""
    fiber = getcurrent()
    if not fiber.process.is_alive:
        waiting.close()
        raise Killed(fiber.process.name)
    return fiber.parent.switch(waiting)


def current_process():
    """Whose code runs: None outside of the simulation."""
    here = getcurrent()
    return here.process if isinstance(here, Fiber) else PROCESS.get()


@contextlib.contextmanager
def simulated_select():
    """In fibers, `select.select` and `Ears` wait for simulated connections; elsewhere they are as
    ever."""
    real_select, real_wait = select.select, Ears.wait

    def selecting(readers, writers, others, seconds=None):
        here = getcurrent()
        if not isinstance(here, Fiber):
            return real_select(readers, writers, others, seconds)
        return block_on(here.process.hear(readers, seconds)), [], []

    def waiting(ears, numbers, seconds):
        here = getcurrent()
        if not isinstance(here, Fiber):
            return real_wait(ears, numbers, seconds)
        return block_on(here.process.hear(numbers, seconds))

    select.select, Ears.wait = selecting, waiting
    try:
        yield
    finally:
        select.select, Ears.wait = real_select, real_wait
