"""`truebook up`: the whole exchange on one machine, kept running until it is told to stop.

Promises: orders are accepted once `ready` is printed; a child that dies is started again; nothing
is left running when the supervisor has ended, however it ended; a stop takes less than ten seconds
and goes against the flow: bots take their orders back, gateways answer what they have taken, feed
and store take what the engine has published, and only then engine, bus and log go away.

The order of a start: the two ports, log and bus, the venue if the log is empty, one engine (which
may have to compile), everything else; after `ready` the demo accounts and the bots. Feed, store and
websocket server are waited for as well, but only for a while: an exchange trades without them.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence

import msgspec

from truebook import config as configuration
from truebook.asking import TimedOut
from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.durability import durability_of
from truebook.commandlog.interface import BusUnavailable, LogUnavailable
from truebook.commandlog.server import bus_url, log_url
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.config import Config, UserError
from truebook.datafolder import DataFolder, Process, State
from truebook.installation import database_url, folder_of, proofs_path
from truebook.lifeline import SERVING
from truebook.progress import Progress
from truebook.proof.folder import ProofFolder
from truebook.store.place import check_place
from truebook.supervisor.attesters import register
from truebook.supervisor.children import STARTING, Child
from truebook.supervisor.demo import provide
from truebook.supervisor.founding import found, venue_records
from truebook.supervisor.listening import API, WS, listen, url_of
from truebook.supervisor.nursery import Nurseries
from truebook.supervisor.polling import POLL_S, wait_for_store
from truebook.supervisor.proving import Proving
from truebook.supervisor.roster import Roster
from truebook.supervisor.status import read_status
from truebook.supervisor.telling import Whole

REFRESH_S = 0.2
READERS_S_MAX = 20.0
"""How long orders wait for feed, store, archive and websocket server to serve."""
BOTS_AGAIN_S = 2.0

STOP_STAGES = (
    (("maker", "taker"), 3.0),
    (("ws", "api"), 6.0),
    (("feed",), 2.0),
    (("store",), 2.0),
    (("engine", "archive", "witness"), 3.0),
    (("bus", "log"), 2.0),
)
"""Who is stopped together, and for how long that may take before they are killed."""
STOP_S_MAX = 9.0
"""For all of it. Where one stage takes its time, those after it get what is left, and at least
`STAGE_S_MIN`: by then all that was acknowledged is in the log."""
STAGE_S_MIN = 0.2
STORE_S_MAX = 2.0
"""How long the store may take to put into the database what the engine has published."""


class Supervisor:
    """The children of one data folder, which the caller has locked. Lives in one event loop."""

    def __init__(
        self,
        config: Config,
        folder: DataFolder,
        progress: Progress,
        clock: Clock,
        nurseries: Nurseries,
    ) -> None:
        self._config = config
        self._folder = folder
        self._clock = clock
        self._progress = progress
        self._roster = Roster(folder, clock, progress.complain, nurseries)
        self._children: list[Child] = []
        self._listeners: list[socket.socket] = []
        self._whole = Whole(lambda: self._children)
        self._bots: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None
        self._proofs: asyncio.Task[None] | None = None
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._state = State(os.getpid(), clock.now_ms(), config.log.url, config.bus.url)

    async def run(self) -> None:
        """Start everything, keep it running until a signal says stop, stop everything."""
        _on_stop_signals(self._told_to_stop)
        start: asyncio.Future[None] = asyncio.ensure_future(self._start())
        try:
            await asyncio.wait([start, self._end], return_when=asyncio.FIRST_COMPLETED)
            if start.done():
                await start
            await self._end
        finally:
            start.cancel()
            await asyncio.wait([start])
            await self._stop()

    def _told_to_stop(self) -> None:
        if not self._end.done():
            self._end.set_result(None)

    def _found_bug(self, error: BaseException) -> None:
        if not self._end.done():
            self._end.set_exception(error)

    # --- start --------------------------------------------------------------------------------

    async def _start(self) -> None:
        records, commands = venue_records(self._config)
        check_place(database_url(self._config))  # the user's mistake is told before anything starts
        self._whole.serve(self._config.metrics)
        self._beating = asyncio.create_task(self._whole.teller.pulse.keep())
        api, ws = await self._listen()
        # The websocket server must know from which port our pages come.
        section = msgspec.structs.replace(self._config.api, port=api.getsockname()[1])
        self._config = msgspec.structs.replace(self._config, api=section)
        await self._start_servers()
        self._whole.start(self._config.bus.url)
        await self._found(records, commands)
        engines = self._roster.engines(self._config)
        # With a quorum one engine alone can't publish anything.
        first = 1 if self._config.engine.quorum == 1 else len(engines)
        others = engines[first:]
        await self._start_all(engines[:first], "starting the engine")
        others += self._roster.apis(self._config, api.fileno())
        readers = self._roster.readers(ws.fileno()) + self._roster.witness(self._config)
        self._begin(readers)
        host = self._config.api.host
        urls = url_of(host, api, API), url_of(host, ws, WS)
        if await self._is_halted():
            self._state.url, self._state.ws_url = urls
            self._begin(others)
            return
        await self._start_all(others, "starting the API")
        await self._register_attesters()
        await self._wait_for(readers)
        self._state.url, self._state.ws_url = urls
        self._write_state()
        self._whole.teller.serving()
        self._progress.say(" ".join(["ready", *urls]))
        if self._config.bots.enabled:
            self._bots = asyncio.create_task(self._start_bots(), name="bots")
            self._bots.add_done_callback(self._check_task)
        if self._config.proof.seconds:
            folder = ProofFolder(proofs_path(self._config))
            every_s, tell = self._config.proof.seconds, self._progress.complain
            proving = Proving(every_s, folder, self._roster.proof, self._clock, tell)
            self._proofs = asyncio.create_task(proving.run(), name="proofs")
            self._proofs.add_done_callback(self._check_task)

    async def _listen(self) -> list[socket.socket]:
        """The sockets of the API and the websocket server."""
        api, ws = self._config.api, self._config.ws
        for port, service in ((api.port, API), (ws.port, WS)):
            found = await listen(api.host, port, self._folder.was_left_behind(), service)
            self._listeners.append(found)
        return self._listeners

    async def _wait_for(self, readers: Sequence[Child]) -> None:
        """Wait for readers to serve, but not for ever; tell which don't."""
        deadline_s = self._clock.elapsed_s() + READERS_S_MAX
        while waiting := [c for c in readers if not c.is_serving and not c.is_hopeless]:
            if self._clock.elapsed_s() > deadline_s:
                break
            self._progress.show(f"starting {', '.join(child.name for child in waiting)}")
            await asyncio.sleep(POLL_S)
        self._progress.end()
        for child in readers:
            if not child.is_serving:
                self._progress.complain(
                    f"{child.name} does not serve: orders are accepted without it"
                    f" (see {self._folder.logs / child.name}.log)"
                )

    async def _start_bots(self) -> None:
        """Open what is missing of the demo accounts, then start the bots on them."""
        while True:
            try:
                await provide(self._config, self._folder)
            except UserError as error:
                self._progress.complain(f"no bots: {error}")
                return
            except (TimedOut, LogUnavailable, BusUnavailable) as error:
                self._progress.complain(f"the bots wait for their accounts: {error}")
                await asyncio.sleep(BOTS_AGAIN_S)
            else:
                self._begin(self._roster.bots())
                return

    def _check_task(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._found_bug(error)

    async def _register_attesters(self) -> None:
        """Have the log say whose attestations count: those of our engines."""
        names = [f"engine-{number}" for number in range(1, self._config.engine.processes + 1)]
        try:
            await register(self._config, self._folder, names)
        except (UserError, TimedOut, LogUnavailable, BusUnavailable) as error:
            self._progress.complain(f"the engines' attestations aren't trusted yet: {error}")

    async def _is_halted(self) -> bool:
        """Whether an engine can't pass an entry; then orders won't be accepted, and why is said."""
        status = await read_status(self._config, self._state)
        for engine in status.engines:
            if engine.halted:
                why = engine.details.get("reason") or (
                    "it died three times there: no orders are accepted until a build can pass it"
                )
                self._progress.complain(f"{engine.engine} is halted at {engine.halted}: {why}")
        return any(engine.halted for engine in status.engines)

    async def _start_servers(self) -> None:
        """Start the servers whose address isn't configured, and tell all children the addresses."""
        url = {"log": log_url(self._folder.path), "bus": bus_url(self._folder.path)}
        private = [role for role in url if not getattr(self._config, role).url]
        for role in private:
            section = msgspec.structs.replace(getattr(self._config, role), url=url[role])
            self._config = msgspec.structs.replace(self._config, **{role: section})
        self._state.log_url = self._config.log.url
        self._state.bus_url = self._config.bus.url
        configuration.write(self._config, self._folder.config)
        servers = [self._roster.server(role) for role in private]
        await self._start_all(servers, "starting the log and the bus")

    async def _found(self, records: bytes, commands: int) -> None:
        url = self._config.log.url
        log = ValkeyLog(url, durability=durability_of(self._config.log))
        try:
            if await found(log, records, commands):
                self._progress.say("the log is new: assets, fees and markets are set up")
        finally:
            await log.close()

    async def _start_all(self, children: Sequence[Child], step: str) -> None:
        """Start children and wait until each serves. Raises NotStarted."""
        self._begin(children)
        waiting = asyncio.gather(*(child.serving() for child in children))
        # A stop leaves it behind: nobody then asks how it ended.
        waiting.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        try:
            while not waiting.done():
                phases = [c.phase for c in children if c.phase not in (STARTING, SERVING)]
                self._progress.show(phases[0] if phases else step)
                await asyncio.wait({waiting}, timeout=REFRESH_S)
            await waiting
        finally:
            waiting.cancel()
            self._progress.end()

    def _begin(self, children: Sequence[Child]) -> None:
        self._children += children
        for child in children:
            child.on_change = self._write_state
            child.on_bug = self._found_bug
            child.start()

    # --- stop ---------------------------------------------------------------------------------

    async def _stop(self) -> None:
        if self._children:
            self._progress.show("stopping")
        for task in (self._bots, self._proofs):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        for listener in self._listeners:
            listener.close()
        self._whole.close()
        if self._beating is not None:
            self._beating.cancel()
        deadline_s = self._clock.elapsed_s() + STOP_S_MAX

        def left_s() -> float:
            return max(STAGE_S_MIN, deadline_s - self._clock.elapsed_s())

        for roles, patience_s in STOP_STAGES:
            if "store" in roles and any(c.is_serving for c in self._children if c.role == "store"):
                await wait_for_store(self._config, min(STORE_S_MAX, left_s()))
            stopping = [
                child.stop(min(patience_s, left_s()))
                for child in self._children
                if child.role in roles
            ]
            await asyncio.gather(*stopping)
        self._roster.close()
        self._folder.remove_state()
        self._progress.end()

    def _write_state(self) -> None:
        self._state.processes = [
            Process(child.role, child.pid, child.started_ms, child.is_serving, child.restarts)
            for child in self._children
        ]
        try:
            self._folder.write_state(self._state)
        except OSError as error:
            self._progress.complain(f"can't write {self._folder.state}: {error.strerror}")


def _on_stop_signals(call: Callable[[], None]) -> None:
    """Call `call` at Ctrl-C, SIGTERM, and at SIGHUP unless we were told to ignore it (nohup)."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, call)


def supervise(config: Config, nurseries: Nurseries) -> None:
    """`truebook up`, its roles forked where there are nurseries.

    Raises UserError where nothing was started because of the user's mistake.
    """
    folder = folder_of(config)
    folder.create()
    folder.lock()
    progress = Progress()
    try:
        asyncio.run(_run(config, folder, progress, nurseries))
    finally:
        progress.end()
        folder.unlock()
    progress.say("stopped")


async def _run(
    config: Config, folder: DataFolder, progress: Progress, nurseries: Nurseries
) -> None:
    await Supervisor(config, folder, progress, SYSTEM_CLOCK, nurseries).run()
