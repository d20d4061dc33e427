"""`truebook resume`: go on after a halt, from what the log says.

Promise: the halt is taken back only when the event stream is true again (verify/resumption.py).
Then every process that may have believed what was not true is ended, and its supervisor starts it
again; what runs on other hosts is told so, or has to be started again by who runs it.
"""

import asyncio
import os
import signal
import sys
from functools import partial

from truebook.cli.engines import make_engine
from truebook.cli.reports import print_json
from truebook.commandlog.cutting import EventStreamEnd
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.halts import ValkeyHaltBook
from truebook.commandlog.reached_log import ReachedLog
from truebook.commandlog.valkey_publisher import ValkeyPublisher, ValkeySubscription
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config, UserError
from truebook.installation import archive_url, attached, folder_of, running, snapshots_path
from truebook.progress import Progress
from truebook.snapshots.folder import kept_by_all
from truebook.supervisor.status import read_status
from truebook.verify.engines import Engines, answers_channel
from truebook.verify.resumption import NothingHalted, resume
from truebook.verify.truth import Truth
from truebook.verify.witness_folder import WitnessFolder

BELIEVERS = ("engine", "api", "feed", "ws", "store", "witness")
"""Roles that hold something made from events."""


def resume_venue(config: Config, json: bool) -> None:
    """Open a new epoch and have everybody begin again. Raises UserError."""
    config = attached(config)
    progress = Progress(stream=sys.stderr)
    url, bus = config.log.url, config.bus.url
    log = open_whole_log(url, archive_url(config), durability=UNCHECKED)
    stream, book = EventStreamEnd(bus), ValkeyHaltBook(url)
    channel = answers_channel()
    engines = Engines(ValkeyPublisher(bus), ValkeySubscription(bus, channel), channel)
    try:
        truth = _truth(config, log, progress)
        progress.show("making the events again from the log")
        epoch = resume(truth, stream, book, _why(config))
        engines.tell("resume")
    except NothingHalted as error:
        raise UserError(str(error)) from None
    finally:
        progress.end()
        for held in (log, stream, book, engines):
            held.close()
    _end_believers(config)
    if json:
        print_json(epoch)
    else:
        print(f"epoch {epoch.number} from {epoch.agreed}: what was told after that is void")


def _truth(config: Config, log: ReachedLog, progress: Progress) -> Truth:
    """What the log says, made again from the last snapshot that engines agree on. Raises
    UserError."""
    snapshots = partial(kept_by_all, snapshots_path(config))
    truth = Truth(log, lambda: make_engine(config.engine.kind, progress.show), snapshots)
    try:
        agreed = WitnessFolder(folder_of(config).witness).load().agreed
    except ValueError as error:
        raise UserError(str(error)) from None
    if agreed is not None:
        truth.agree(agreed)
    return truth


def _why(config: Config) -> str:
    """What the engines say is wrong."""
    status = asyncio.run(read_status(config, running(config)))
    reasons = [str(engine.details.get("reason", "")) for engine in status.engines]
    return "; ".join(reason for reason in reasons if reason)


def _end_believers(config: Config) -> None:
    """End the processes of this installation; the supervisor starts them again."""
    state = running(config)
    for process in state.processes if state else []:
        if process.role in BELIEVERS and process.pid:
            try:
                os.kill(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
