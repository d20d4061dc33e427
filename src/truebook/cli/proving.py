"""`truebook proof`: making, checking and auditing a proof of liabilities (docs/proof.md)."""

import asyncio
import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import Any

from truebook.cli.reports import print_json
from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.interface import GENESIS, BusUnavailable, Position
from truebook.commandlog.keyfile import KeyFileWrong
from truebook.config import Config, UserError
from truebook.idle import make_way
from truebook.installation import folder_of, proofs_path, running, snapshots_path
from truebook.lifeline import Lifeline
from truebook.progress import Progress
from truebook.proof.branch import NotProved, check, parse
from truebook.proof.file import pack
from truebook.proof.folder import ProofFolder
from truebook.proof.making import NoSigner, State, keys_of, make
from truebook.proof.statement import NotAStatement, Statement, digest_of, read
from truebook.snapshots.folder import Kept
from truebook.units import Grid, show


def make_proof(config: Config, at: str | None, out: Path | None, json: bool) -> None:
    """`truebook proof make`. Raises UserError."""
    if Lifeline.from_environment().is_tied:
        make_way()
    began_s = SYSTEM_CLOCK.elapsed_s()
    progress = Progress(stream=sys.stderr)
    try:
        state = _state(config, at, progress)
        progress.show("hashing")
        made = make(state, keys_of(state.tables, folder_of(config).keys))
    except (NoSigner, KeyFileWrong) as error:
        raise UserError(str(error)) from None
    finally:
        progress.end()
    folder = ProofFolder(out or proofs_path(config))
    pieces = pack(made.text, made.trees)
    folder.write(state.position, made.text, pieces, config.proof.keep)
    told = {
        "position": str(state.position),
        "root": digest_of(made.text),
        "file": str(folder.root_path(state.position)),
        "tree": str(folder.tree_path(state.position)),
        "totals": _totals(made.statement),
        "leaves": sum(len(tree.entries) for tree in made.trees),
        "seconds": round(SYSTEM_CLOCK.elapsed_s() - began_s, 3),
    }
    _print(told, json)


def verify_proof(file: Path, root: str | None, key: str | None, json: bool) -> int:
    """`truebook proof verify`: its exit status. Raises UserError."""
    try:
        proof = parse(_read(file))
        statement, owed = check(proof)
        if root is not None and _digest(root) != digest_of(proof.root):
            raise NotProved(f"its root is {digest_of(proof.root)}, not {_digest(root)}")
        if key is not None and key != statement.key.hex():
            raise NotProved(f"its root is signed with {statement.key.hex()}, not {key}")
        if not owed:
            raise NotProved(f"nothing is owed to account {proof.account_id} by this proof")
    except NotProved as error:
        if json:
            print_json({"proved": False, "reason": str(error)})
        else:
            print(f"not proved: {error}")
        return 1
    told = {
        "proved": True,
        "accountId": proof.account_id,
        "name": proof.name,
        "owed": {one.asset.symbol: _amount(one.atoms, one.asset.decimals) for one in owed},
        "totals": _totals(statement),
        "position": str(statement.position),
        "timeMs": statement.time_ms,
        "signer": statement.signer,
        "key": statement.key.hex(),
        "root": digest_of(proof.root),
    }
    _print(told, json)
    return 0


def audit_proof(config: Config, at: str | None, json: bool) -> int:
    """`truebook proof audit`: its exit status. Raises UserError."""
    from truebook.cli.engines import make_engine
    from truebook.cli.replaying import position_of, whole_log
    from truebook.verify.liabilities import audit

    folder = ProofFolder(proofs_path(config))
    kept = folder.trees()
    if at is None and not kept:
        raise UserError("no proof was made yet: `truebook proof make`")
    position = kept[0] if at is None else position_of("--at", at)
    statement = _statement(folder, position)
    progress = Progress(stream=sys.stderr)
    try:
        with whole_log(config) as log:
            log.last_position()
            new = make_engine(config.engine.kind, progress.show)
            keys = partial(keys_of, folder=folder_of(config).keys)
            tell = partial(progress.show, "replaying")
            wrong = list(audit(log, new, statement, keys, tell))
    except (NoSigner, KeyFileWrong) as error:
        raise UserError(str(error)) from None
    finally:
        progress.end()
    told = {"position": str(position), "totals": _totals(statement), "findings": wrong}
    _print(told | {"right": not wrong}, json)
    return 1 if wrong else 0


def _state(config: Config, at: str | None, progress: Progress) -> State:
    """The state that a proof is to be of. Where an engine runs, it is asked for a snapshot."""
    from truebook.cli.replaying import whole_log

    with whole_log(config) as log:
        last = log.last_position()
        if at is None and (kept := _snapshot(config)) is not None:
            from truebook.proof.from_snapshot import state_of

            return state_of(kept, log.chain_at)
        from truebook.cli.engines import make_engine
        from truebook.snapshots.folder import kept_by_all
        from truebook.verify.liabilities import state_at
        from truebook.verify.travel import parse_moment

        try:
            to = last if at is None else parse_moment(at)
        except ValueError as error:
            raise UserError(f"--at: {error}") from None
        new = partial(make_engine, config.engine.kind, progress.show)
        tell = partial(progress.show, "replaying")
        snapshots = kept_by_all(snapshots_path(config))
        state = state_at(log, snapshots, new, SYSTEM_CLOCK, to, tell)
    if state is None:
        raise UserError("there is nothing in the log up to then")
    return state


def _snapshot(config: Config) -> Kept | None:
    """A snapshot that an engine has just written where we can read it."""
    from truebook.cli.snapshotting import ask_for_snapshots

    state = running(config)
    bus_url = config.bus.url or (state.bus_url if state is not None else "")
    if not bus_url:
        return None
    with contextlib.suppress(BusUnavailable):
        for answer in asyncio.run(ask_for_snapshots(bus_url)):
            path = Path(str(answer.status.get("path", "")))
            position = Position.parse(str(answer.status.get("position", GENESIS)))
            if path.is_file() and position > GENESIS:
                return Kept(position, path)
    return None


def _statement(folder: ProofFolder, position: Position) -> Statement:
    text = folder.root_at(position)
    if text is None:
        raise UserError(f"no proof was made at {position}")
    try:
        return read(text)
    except NotAStatement as error:
        raise UserError(f"{folder.root_path(position)}: {error}") from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"can't read {file}: {error.strerror}") from None


def _digest(root: str) -> str:
    """The SHA-256 of a root, given as such or as its file."""
    if len(root) == 64 and not set(root) - set("0123456789abcdef"):
        return root
    return digest_of(_read(Path(root)).decode(errors="replace"))


def _totals(statement: Statement) -> dict[str, str]:
    return {one.symbol: _amount(one.root.sum, one.decimals) for one in statement.assets}


def _amount(atoms: int, decimals: int) -> str:
    return show(atoms, Grid(1, decimals))


def _print(told: dict[str, Any], json: bool) -> None:
    if json:
        print_json(told)
        return
    for name, value in told.items():
        if isinstance(value, dict):
            value = ", ".join(f"{amount} {asset}" for asset, amount in value.items())
        print(f"{name:10} {'; '.join(value) if isinstance(value, list) else value}")
