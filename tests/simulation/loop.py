"""An event loop whose time is simulated, and whose order is drawn.

Promise: time stands still while anybody has something to do, and then jumps to the next thing that
is due; nothing waits in earnest. Callbacks of one process run in the order in which they became
ready, as in its own event loop; whose turn it is among the processes that are ready is drawn from
the generator given. So everything that happens follows from the seed.

A callback belongs to the process that its context names (`PROCESS`). A process that stands still
(SIGSTOP) keeps its callbacks until it goes on; one that was killed only unwinds.
"""

import asyncio
from collections import deque
from contextvars import ContextVar, copy_context
from heapq import heappop, heappush
from itertools import count

PROCESS = ContextVar("PROCESS", default=None)
"""Whose code runs."""
EXECUTOR_S = 0.0005
"""How long a piece of work takes that is given to a thread."""


class Stuck(Exception):
    """Nobody will ever do anything again."""


class Owner:
    """What the loop knows of a process."""

    def __init__(self):
        self.queue = deque()
        self.tasks = []
        self.is_alive = True
        self.is_stopped = False


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs all processes of a simulation."""

    def __init__(self, random):
        super().__init__()
        self.nobody = Owner()
        self._now = 0.0
        self._timers = []
        """When each is due, its number, and it."""
        self._numbers = count()
        self._ready = _Ready(random, self.nobody)

    def time(self):
        return self._now

    def call_soon(self, callback, *args, context=None):
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(self, when, callback, *args, context=None):
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def _run_once(self):
        """A round of asyncio's loop: let time pass if nobody is ready, then run who is."""
        ready, timers = self._ready, self._timers
        if not ready and not self._stopping:
            while timers and timers[0][2]._cancelled:
                heappop(timers)
            if not timers:
                raise Stuck("nobody waits for anything that will happen")
            self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            timer = heappop(timers)[2]
            if not timer._cancelled:
                ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def create_task(self, coro, *, name=None, context=None, **others):
        task = asyncio.Task(coro, loop=self, name=name, context=context, **others)
        owner = (context or copy_context()).get(PROCESS) or self.nobody
        owner.tasks.append(task)
        if len(owner.tasks) > 64:
            owner.tasks[:] = [task for task in owner.tasks if not task.done()]
        return task

    def run_in_executor(self, executor, func, *args):
        """Do it here, a moment later."""
        future = self.create_future()

        def work():
            if not future.cancelled():
                try:
                    future.set_result(func(*args))
                except Exception as error:
                    future.set_exception(error)

        self.call_later(EXECUTOR_S, work)
        return future

    def go_on(self, owner):
        """A process that stood still has its turn again."""
        owner.is_stopped = False
        self._ready.admit(owner)

    def stand_still(self, owner):
        """A process does nothing until `go_on`."""
        owner.is_stopped = True
        self._ready.withdraw(owner)

    def _write_to_self(self):
        pass


class _Nothing:
    """A callback that was taken back."""

    _cancelled = True


_NOTHING = _Nothing()


class _Ready:
    """The loop's queue of callbacks: a queue for each process."""

    def __init__(self, random, nobody):
        self._random = random
        self._nobody = nobody
        self._owners = []
        self._count = 0

    def __len__(self):
        return self._count

    def append(self, handle):
        owner = handle._context.get(PROCESS) or self._nobody
        owner.queue.append(handle)
        if not owner.is_stopped:
            self._count += 1
            if len(owner.queue) == 1:
                self._owners.append(owner)

    def popleft(self):
        owners = self._owners
        if not owners:
            # Who was ready when the round began has been stopped since.
            return _NOTHING
        index = int(self._random.random() * len(owners)) if len(owners) > 1 else 0
        owner = owners[index]
        handle = owner.queue.popleft()
        self._count -= 1
        if not owner.queue:
            owners[index] = owners[-1]
            owners.pop()
        return handle

    def clear(self):
        for owner in self._owners:
            owner.queue.clear()
        self._owners.clear()
        self._count = 0

    def admit(self, owner):
        if owner.queue and owner not in self._owners:
            self._owners.append(owner)
            self._count += len(owner.queue)

    def withdraw(self, owner):
        if owner in self._owners:
            self._owners.remove(owner)
            self._count -= len(owner.queue)
