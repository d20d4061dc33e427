"""`truebook witness --once`: is everything what the log says? Exit status 1 if not."""

import sys
from functools import partial

from msgspec import Struct

from truebook.cli.database_rows import database_of
from truebook.cli.engines import make_engine
from truebook.cli.log_tools import checked_log
from truebook.cli.reports import print_json
from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.archive.store import open_archive
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.halts import ValkeyHaltBook
from truebook.commandlog.valkey_attestations import ValkeyAttestations
from truebook.commandlog.valkey_publisher import ValkeyPublisher, ValkeySubscription
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config
from truebook.installation import archive_url, attached, folder_of, snapshots_path
from truebook.progress import Progress
from truebook.snapshots.folder import kept_by_all
from truebook.verify.checking_once import Found, Parts, check_engines
from truebook.verify.engines import Engines, answers_channel
from truebook.verify.file_watch import FileWatch
from truebook.verify.row_watch import RowWatch
from truebook.verify.state_watch import StateWatch
from truebook.verify.truth import Truth


class Checked(Struct, rename="camel"):
    """What a check came to."""

    engines: list[str]
    found: list[Found]


def check_once(config: Config, json: bool) -> int:
    """Check engines and log, print what is wrong; the exit status. Raises UserError."""
    config = attached(config)
    progress = Progress(stream=sys.stderr)
    try:
        engines, found = _check_engines(config, progress)
        progress.show("comparing trades and fills in the database")
        found += _check_database(config, progress)
        progress.show("checking the snapshots")
        found += _check_snapshots(config)
        progress.show("checking the log")
        log = checked_log(config, progress)
        found += [Found("log", finding.position, str(finding)) for finding in log.findings]
    finally:
        progress.end()
    if json:
        print_json(Checked(engines, found))
    else:
        print(f"engines trusted: {', '.join(engines) or 'none'}")
        for finding in found:
            print(finding)
        print("something is wrong" if found else "all is what the log says")
    return 1 if found else 0


def _check_database(config: Config, progress: Progress) -> list[Found]:
    def make_truth() -> Truth:
        log = open_whole_log(config.log.url, archive_url(config), durability=UNCHECKED)
        return Truth(log, lambda: make_engine(config.engine.kind, progress.show))

    database = database_of(config)
    try:
        watch = RowWatch(make_truth, database, folder_of(config).witness, SYSTEM_CLOCK)
        try:
            wrong = watch.check_now()
        finally:
            watch.close()
        progress.show("comparing the state in the database")
        truth = make_truth()
        try:
            state = StateWatch(truth, database.state, SYSTEM_CLOCK).check_now()
        finally:
            truth.close()
    except OSError as error:
        return [Found("database", "?", str(error))]
    wrong = [*wrong, state] if state is not None else wrong
    return [Found("database", f"{one.after} to {one.until}", one.what) for one in wrong]


def _check_snapshots(config: Config) -> list[Found]:
    snapshots = partial(kept_by_all, snapshots_path(config))
    watch = FileWatch(snapshots, open_archive(archive_url(config)), SYSTEM_CLOCK)
    return [Found("snapshot", str(one.position), one.what) for one in watch.snapshots()]


def _check_engines(config: Config, progress: Progress) -> tuple[list[str], list[Found]]:
    log_url, bus_url, archive = config.log.url, config.bus.url, archive_url(config)
    channel = answers_channel()
    engines = Engines(ValkeyPublisher(bus_url), ValkeySubscription(bus_url, channel), channel)
    logs = [open_whole_log(log_url, archive, durability=UNCHECKED) for _ in range(2)]
    attestations, book = ValkeyAttestations(bus_url), ValkeyHaltBook(log_url)

    try:
        truth = Truth(logs[1], lambda: make_engine(config.engine.kind, progress.show))
        parts = Parts(logs[0], truth, engines, attestations, book, SYSTEM_CLOCK)
        return check_engines(parts, progress.show)
    finally:
        for log in logs:
            log.close()
        for held in (engines, attestations, book):
            held.close()
