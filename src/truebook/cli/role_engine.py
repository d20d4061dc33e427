"""`truebook engine`: the process of one engine."""

import os
import signal
import socket
import sys
from functools import partial

import truebook
from truebook.cli.attestations import keep_last_word
from truebook.cli.engines import Trusted, make_engine, make_quorum, make_vigil, own_key
from truebook.cli.loglines import log_lines
from truebook.commandlog.durability import durability_of
from truebook.commandlog.interface import QUERIES_CHANNEL
from truebook.commandlog.progress import Progress
from truebook.commandlog.recovering import Recovering
from truebook.commandlog.valkey_publisher import ValkeyPublisher, ValkeySubscription
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config
from truebook.installation import archive_url, attached, folder_of, snapshots_path
from truebook.lifeline import Lifeline
from truebook.messages import COMMAND_BYTES
from truebook.node import Node
from truebook.snapshots.keeping import Keeper, Plan


def run_engine(config: Config, number: int) -> None:
    """Be one engine, until SIGTERM or SIGINT; then the process ends. Raises UserError, and what
    the engine's loop raises (node.py)."""
    lifeline = Lifeline.from_environment()
    log_lines(sys.stdout)
    config = attached(config)
    folder_of(config).create()
    node = _node(config, f"engine-{number}", lifeline)
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: node.stop())
    try:
        node.run(lifeline.serving)
        node.attest()
        if node.vigil is not None:
            keep_last_word(folder_of(config), node.name, node.vigil.last_word)
    finally:
        node.close()
    # An interpreter that has compiled the engine takes seconds to clear up, and would be killed.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _node(config: Config, name: str, lifeline: Lifeline) -> Node:
    folder, bus_url = folder_of(config), config.bus.url
    make = partial(make_engine, config.engine.kind, lifeline.say)
    trusted = Trusted(lambda: node.engine)
    key = own_key(folder.keys, name, trusted)
    log = open_whole_log(
        config.log.url,
        archive_url(config),
        durability=durability_of(config.log),
        name=f"{name}@{socket.gethostname()}:{folder.run}",
    )
    publisher = ValkeyPublisher(bus_url)
    node = Node(
        name,
        make(),
        log,
        publisher,
        ValkeySubscription(bus_url, QUERIES_CHANNEL),
        Progress(folder.run / f"{name}.progress", truebook.__version__),
        recovering=Recovering(log, publisher),
        keeper=Keeper(name, snapshots_path(config), _plan(config), make),
        vigil=make_vigil(name, key, config.log.url, bus_url),
        quorum=make_quorum(config.engine.quorum, key, trusted, publisher, bus_url),
    )
    return node


def _plan(config: Config) -> Plan:
    """When snapshots are due: what came since the latest one stays in the log server's memory."""
    records = min(config.snapshots.records, config.archive.log_bytes_max // 4 // COMMAND_BYTES)
    return Plan(records, config.snapshots.seconds, config.snapshots.keep)
