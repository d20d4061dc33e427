"""Proofs of an exchange in memory: its state, keys that its log trusts, files."""

from pathlib import Path

from nacl.signing import SigningKey
from venue.local import LocalExchange

from truebook import commands
from truebook.commandlog.interface import Position
from truebook.commandlog.keyfile import attestation_key
from truebook.engine.canonical.tables import Tables
from truebook.proof.file import pack
from truebook.proof.folder import ProofFolder
from truebook.proof.making import Keys, Made, State, keys_of, make

KEYS = Keys("engine-1", SigningKey(bytes(range(32))), b"s" * 32)


def state_of(tables: Tables, number: int = 7) -> State:
    """Tables as the state at some position."""
    return State(
        Position(1_795_246_042_096, number), 1_795_246_042_096, b"c" * 32, b"h" * 16, tables
    )


def prove(exchange: LocalExchange, data: Path, keep: int = 3) -> Made:
    """Make a proof of what an exchange owes now, as `truebook proof make` does, and keep it in
    `data`; the exchange's log trusts engine-1."""
    key = attestation_key(data / "keys", "engine-1")
    if not len(exchange.engine.export().attesters):
        public_key = bytes(key.verify_key)
        exchange.apply(
            commands.set_attester(slot=0, public_key=public_key, name="engine-1", trusted=True)
        )
    engine = exchange.engine
    tables = engine.export()
    state = State(exchange.last_position, engine.time_ms(), b"c" * 32, engine.state_hash(), tables)
    made = make(state, keys_of(tables, data / "keys"))
    folder = ProofFolder(data / "proofs")
    folder.write(state.position, made.text, pack(made.text, made.trees), keep)
    return made
