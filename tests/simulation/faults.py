"""What goes wrong, when: drawn from the seed.

Promise: everything that goes wrong here can go wrong in earnest, and nothing else does: a process
is killed, at a named point or anywhere; it stands still and goes on, and so does a server; a
connection breaks before or after the server had the request; messages come late; a server ends and
starts again, the bus empty; a clock jumps, stands, or goes back. After `heal` nothing more does,
and what was stopped goes on.

Each seed has its own mixture: some kinds of trouble are left out, so that the others are met alone.
"""

import asyncio

from simulation.points import POINTS

MEAN_S = 0.12
"""From one trouble to the next."""
ARMED_S = 1.0
"""How long a named point is waited for."""
POISON_MAX = 2
"""How often engines are killed while they apply: at the third time at one entry they halt, and
are right to."""
HOUR_S = 3600.0


class Faults:
    """The troubles of one seed."""

    def __init__(self, world, random):
        self.random = random
        self.is_on = False
        self.hit = []
        """The named points at which somebody was killed."""
        self.passed = set()
        self._world = world
        self._armed = ""
        self._armed_until_s = 0.0
        self._poisoned = 0
        kinds = {
            self._arm: 5,
            self._kill: 2,
            self._stand_still: 2,
            self._stop_engines: 1,
            self._cut: 2,
            self._stop_log: 1,
            self._stop_bus: 1,
            self._hold_server: 1,
            self._turn_clock: 1,
        }
        self._kinds = [k for k, n in kinds.items() for _ in range(n) if random.random() < 0.75]
        self._break_share = random.choice((0.0, 0.001, 0.004))
        self._append_break_share = random.choice((0.0, 0.02, 0.08))
        self._slow_share = random.choice((0.0, 0.01, 0.05))

    def arm_only(self, point):
        """Kill whoever comes to this point first; for the rest only that which leads there."""
        self._armed = point
        self._kinds = []
        if "fencing" in point:
            self._kinds = [self._stop_bus]
        elif "claiming" in point or "recovery" in point:
            self._kinds = [self._stop_engines]
        self._break_share = self._append_break_share = self._slow_share = 0.0
        self.is_on = True

    async def run(self):
        """Make trouble until `heal`."""
        self.is_on = True
        while self.is_on:
            await asyncio.sleep(self.random.expovariate(1 / MEAN_S))
            if self.is_on and self._kinds:
                self.random.choice(self._kinds)()

    def heal(self):
        """No more trouble: what stands or is stopped goes on."""
        world = self._world
        world.trace("everything is healed")
        self.is_on = False
        self._armed = ""
        for process in world.processes():
            self._go_on(process)
        for server in (world.log, world.bus):
            server.start()
        for clock in world.clocks:
            clock.set_right()

    # asked by connections and processes

    def is_fatal(self, process, point):
        """Whether the process is killed at that point."""
        self.passed.add(point)
        if not self.is_on or point != self._armed:
            return False
        if point.startswith("engine") and point.endswith("applying"):
            self._poisoned += 1
            if self._poisoned > POISON_MAX:
                return False
        self._armed = ""
        self.hit.append(point)
        return True

    def breaks(self, process, server, name):
        """How a connection breaks with a request: `before` or `after` the server has it, or not."""
        if not self.is_on:
            return ""
        share = self._append_break_share if name == "append" else self._break_share
        if self.random.random() >= share:
            return ""
        self._world.trace(f"{process.name}: the connection breaks at {name}")
        return self.random.choice(("before", "after"))

    def latency_s(self, mean_s):
        """How long a message takes, one way."""
        if self.is_on and self.random.random() < self._slow_share:
            return self.random.random() * 0.1
        return mean_s * (0.5 + self.random.random())

    # the troubles

    def _arm(self):
        now_s = self._world.loop.time()
        if not self._armed or now_s > self._armed_until_s:
            self._armed = self.random.choice(list(POINTS))
            self._armed_until_s = now_s + ARMED_S

    def _kill(self):
        process = self._anybody()
        if process is not None:
            process.kill("somewhere")

    def _stand_still(self):
        process = self._anybody()
        if process is not None:
            self._stop_for(process, self.random.choice((0.05, 0.3, 1.0, 3.0)))

    def _stop_engines(self):
        """All of them: what is written meanwhile is reached late."""
        for process in self._world.processes():
            if process.kind == "engine":
                self._stop_for(process, 1.5)

    def _stop_for(self, process, about_s):
        if process.is_stopped:
            return
        seconds = about_s * (0.5 + self.random.random())
        self._world.trace(f"{process.name} stands still for {seconds:.2f} s")
        self._world.loop.stand_still(process)
        process.stopped_at_s = self._world.loop.time()
        self._world.later(seconds, self._go_on, process)

    def _go_on(self, process):
        if process.is_stopped:
            self._world.trace(f"{process.name} goes on")
            process.stopped_s = process.stood_still_s()
            self._world.loop.go_on(process)

    def _cut(self):
        process = self._anybody()
        if process is not None and process.ears:
            self._world.trace(f"{process.name} loses its subscriptions")
            for ear in process.ears:
                ear.lose()

    def _stop_log(self):
        self._stop(self._world.log)

    def _stop_bus(self):
        self._stop(self._world.bus)

    def _hold_server(self):
        server = self.random.choice((self._world.log, self._world.bus))
        if server.is_up:
            server.stand_still(
                self.random.choice((0.05, 0.3, 1.0, 3.0, 7.0)) * self.random.random()
            )

    def _stop(self, server):
        if server.is_up:
            server.stop()
            self._world.later(self.random.choice((0.05, 0.3, 1.5)), server.start)

    def _turn_clock(self):
        clock = self.random.choice(self._world.clocks)
        turn = self.random.choice(("forward", "back", "a bit back", "freeze", "right", "right"))
        self._world.trace(f"clock of {clock.name}: {turn}")
        match turn:
            case "forward":
                clock.offset_s += HOUR_S
            case "back":
                clock.offset_s -= HOUR_S
            case "a bit back":
                clock.offset_s -= self.random.random()
            case "freeze":
                clock.freeze()
            case _:
                clock.set_right()

    def _anybody(self):
        processes = [process for process in self._world.processes() if process.kind != "trader"]
        return self.random.choice(processes) if processes else None
