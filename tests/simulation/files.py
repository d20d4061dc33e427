"""The file system's seam, and forks: what engines and the archive write passes the named points.

Promise: files are real, in a folder of the seed's own; nothing is forced to disk, since no machine
fails here, only processes do. A file is written in two halves, with a moment in between. A fork's
copy sees the state of the moment it was made in, writes while its engine goes on, outlives it, and
may be killed alone.
"""

import asyncio
import os
import stat
from contextlib import contextmanager

from greenlet import getcurrent
from simulation.processes import Fiber, Killed, Process, block_on, drive

import truebook.commandlog.archive.store
import truebook.snapshots.folder
import truebook.snapshots.keeping
from truebook.snapshots.forking import ForkFailed

WRITE_S = 0.002
HALVED_BYTES = 256


class SimulatedFiles:
    """What `os` is to code that runs in a fiber."""

    def __getattr__(self, name):
        return getattr(os, name)

    def getpid(self):
        return id(getcurrent())

    def write(self, descriptor, data):
        process = getcurrent().process
        if len(data) < HALVED_BYTES:
            return os.write(descriptor, data)
        count = os.write(descriptor, data[: len(data) // 2])
        process.pass_point(f"{process.kind}: half written")
        return count

    def fsync(self, descriptor):
        process = getcurrent().process
        block_on(asyncio.sleep(WRITE_S))
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        process.pass_point(f"{process.kind}: {'renamed' if is_folder else 'written'}")


class SimulatedFork:
    """snapshots.forking.Fork, as a process of the simulation."""

    def __init__(self, work):
        self._owner = getcurrent().process
        self._told = None
        self._why = ""
        self._number = self._owner.ear(lambda: bool(self._why) or self._told is not None)
        world = self._owner.world
        self.process = Process(world, f"{self._owner.name}'s copy", "snapshot")
        self.process.on_death.append(self._died)
        world.join(self.process)
        fiber = Fiber(self.process, lambda: self._work(work))
        # Up to its first wait it runs here, as the state is now; from then on by itself.
        hub, fiber.parent = getcurrent().parent, getcurrent()
        request = fiber.switch()
        if not fiber.dead:
            fiber.parent = hub
            self.process.begin(drive(fiber, request))

    def fileno(self):
        return self._number

    def poll(self):
        if self._why:
            raise ForkFailed(self._why)
        return self._told

    def end(self):
        """The owner ends it, unless that was killed itself."""
        if self._owner.is_alive:
            self.process.kill("its engine ends")

    def _work(self, work):
        try:
            self._told = work()
            self.process.is_alive = False
        except Killed:
            pass
        except Exception as error:
            self._why = f"{type(error).__name__}: {error}"
            self.process.is_alive = False
        self._owner.wake()

    def _died(self):
        self._why = "signal 9"
        self._owner.wake()


@contextmanager
def simulated_files():
    """Let engines and archives write through this seam."""
    folder, store = truebook.snapshots.folder, truebook.commandlog.archive.store
    keeping = truebook.snapshots.keeping
    before = folder.os, store.os, keeping.Fork
    folder.os = store.os = SimulatedFiles()
    keeping.Fork = SimulatedFork
    try:
        yield
    finally:
        folder.os, store.os, keeping.Fork = before
