"""What the venue owes, from the log alone: for making a proof of any moment, and for auditing one.

Promise: an audit begins at genesis and believes no file. It passes a proof only if the log makes
the state that the proof tells of, if that state gives the same trees, bit for bit, and if in every
asset the total is what was deposited less what was withdrawn, added up from the events.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from truebook.clock import Clock
from truebook.commandlog.entries import engine_pieces
from truebook.commandlog.interface import GENESIS, LogReader, Position
from truebook.engine.canonical.tables import Tables
from truebook.engine.interface import Engine
from truebook.limits import READ_ENTRIES_MAX
from truebook.messages import (
    EVENT_ROW,
    TRANSFERRED,
    WITHDRAWAL_SET,
    CommandKind,
    EventKind,
    WithdrawalState,
)
from truebook.proof.making import Keys, State, make
from truebook.proof.statement import Statement
from truebook.snapshots.folder import Kept
from truebook.verify.travel import travel

Progress = Callable[[float], None]


def state_at(
    log: LogReader,
    snapshots: Sequence[Kept],
    make_engine: Callable[[], Engine],
    clock: Clock,
    to: Position,
    progress: Progress = lambda share: None,
) -> State | None:
    """The state right after the last entry up to `to`; None: there is no entry yet."""
    moment = travel(log, snapshots, make_engine, clock, to, progress)
    chain = log.chain_at(moment.position) if moment.position > GENESIS else None
    return None if chain is None else _state(moment.engine, moment.position, chain)


def audit(
    log: LogReader,
    engine: Engine,
    statement: Statement,
    keys_of: Callable[[Tables], Keys],
    progress: Progress,
) -> Iterator[str]:
    """What is wrong with a proof; nothing: all is right. `engine` is a new one; `keys_of` gives
    what the proof was made with."""
    supplies: defaultdict[int, int] = defaultdict(int)
    position = GENESIS
    while position < statement.position:
        read = log.read(position, READ_ENTRIES_MAX, 0)
        entries = [entry for entry in read if entry.position <= statement.position]
        if not entries:
            break
        pieces = [piece for entry in entries for piece in engine_pieces(entry)]
        _add_transfers(engine.apply(b"".join(pieces)).events, supplies)
        position = entries[-1].position
        progress(position.high / max(1, statement.position.high))
    chain = log.chain_at(statement.position)
    if position != statement.position or chain is None:
        yield f"the log has no entry {statement.position}"
        return
    state = _state(engine, position, chain)
    yield from _differences(statement, state, keys_of(state.tables), supplies)


def _differences(
    statement: Statement, state: State, keys: Keys, supplies: dict[int, int]
) -> Iterator[str]:
    if state.chain != statement.chain:
        yield f"it is of another log: its chain is {statement.chain.hex()}, not {state.chain.hex()}"
    if state.state_hash != statement.state_hash:
        yield (
            f"it tells of another state: {statement.state_hash.hex()}, not {state.state_hash.hex()}"
        )
    right = {asset.number: asset for asset in make(state, keys).statement.assets}
    for number in sorted(right.keys() - {asset.number for asset in statement.assets}):
        yield f"{right[number].symbol} is missing"
    for asset in statement.assets:
        if asset.root.sum != supplies.get(asset.number, 0):
            yield (
                f"{asset.symbol}: a total of {asset.root.sum} atoms, but"
                f" {supplies.get(asset.number, 0)} were deposited and not withdrawn"
            )
        if right.get(asset.number) != asset:
            yield f"{asset.symbol}: the log makes another tree"


def _state(engine: Engine, position: Position, chain: bytes) -> State:
    return State(position, engine.time_ms(), chain, engine.state_hash(), engine.export())


def _add_transfers(events: bytes, supplies: dict[int, int]) -> None:
    """Add deposits, and take off what was withdrawn, at once or when it was confirmed."""
    kinds = np.frombuffer(events, EVENT_ROW)["kind"]
    moved = np.frombuffer(events, TRANSFERRED)[kinds == EventKind.TRANSFERRED]
    for row in moved:
        sign = 1 if row["command_kind"] == CommandKind.DEPOSIT else -1
        supplies[int(row["asset"])] += sign * int(row["amount"])
    settled = np.frombuffer(events, WITHDRAWAL_SET)[kinds == EventKind.WITHDRAWAL_SET]
    for row in settled[settled["state"] == WithdrawalState.CONFIRMED]:
        supplies[int(row["asset"])] -= int(row["amount"])
