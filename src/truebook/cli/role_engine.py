"""`truebook engine`: the process of one engine."""

import os
import signal
import socket
import sys
from functools import partial

import truebook
from truebook.allocation import keep_freed_memory
from truebook.cli.attestations import keep_last_word
from truebook.cli.engines import Trusted, make_engine, make_quorum, make_vigil, own_key
from truebook.cli.sources import of_disk, of_engine
from truebook.cli.standing import Standing
from truebook.commandlog.covering import cover_of
from truebook.commandlog.durability import durability_of
from truebook.commandlog.interface import QUERIES_CHANNEL
from truebook.commandlog.progress import Progress
from truebook.commandlog.recovering import Recovering
from truebook.commandlog.valkey_publisher import ValkeyPublisher, ValkeySubscription
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config
from truebook.installation import archive_url, folder_of, snapshots_path
from truebook.lifeline import Lifeline
from truebook.messages import COMMAND_BYTES
from truebook.node import Node
from truebook.snapshots.keeping import Keeper, Plan


def run_engine(config: Config, number: int) -> None:
    """Be one engine, until SIGTERM or SIGINT; then the process ends. Raises UserError, and what
    the engine's loop raises (node.py)."""
    name = f"engine-{number}"
    standing = Standing("engine", config, name)
    config = standing.attached()
    folder_of(config).create()
    keep_freed_memory()
    node = _node(config, name, standing.lifeline)
    standing.teller.add(of_engine(node))
    standing.teller.add(of_disk(data=folder_of(config).path))
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: node.stop())
    try:
        node.run(standing.serving, standing.teller.pulse.beat)
        node.attest()
        if node.vigil is not None:
            keep_last_word(folder_of(config), node.name, node.vigil.last_word)
    finally:
        node.close()
        standing.close()
    # An interpreter that has compiled the engine takes seconds to clear up, and would be killed.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _node(config: Config, name: str, lifeline: Lifeline) -> Node:
    folder, bus_url = folder_of(config), config.bus.url
    make = partial(make_engine, config.engine.kind, lifeline.say)
    trusted = Trusted(lambda: node.engine)
    key = own_key(folder.keys, name, trusted)
    durability = durability_of(config.log)
    reader = f"{name}@{socket.gethostname()}:{folder.run}"
    log = open_whole_log(
        config.log.url,
        archive_url(config),
        durability=durability,
        name=reader,
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
        cover=cover_of(config.log.url, durability, reader),
    )
    return node


def _plan(config: Config) -> Plan:
    """When snapshots are due: what came since the latest one stays in the log server's memory."""
    records = min(config.snapshots.records, config.archive.log_bytes_max // 4 // COMMAND_BYTES)
    return Plan(records, config.snapshots.seconds, config.snapshots.keep)
