"""Making a proof from a state: a tree an asset, and the signed root over them.

Promise: a pure function of state, signer and secret: the same proof can be made again at any time,
by whoever replays the log, and compared bit for bit. Nobody without the secret can guess a salt,
and so nobody can try out what somebody has.
"""

import hmac
from pathlib import Path
from typing import NamedTuple

import numpy as np
from nacl.signing import SigningKey

from truebook.commandlog.interface import Position
from truebook.commandlog.keyfile import attestation_key
from truebook.engine.canonical.tables import Table, Tables
from truebook.proof.statement import OfAsset, Statement, write
from truebook.proof.tree import SumTooLarge, Tree, build

_SALTS = b"truebook salts 1"
_SECRET = "salts"
"""The name of its file among the keys."""


class NoSigner(Exception):
    """None of the keys at hand is one that the log trusts; says so."""


class State(NamedTuple):
    """The exchange at a position."""

    position: Position
    time_ms: int
    chain: bytes
    state_hash: bytes
    tables: Tables


class Keys(NamedTuple):
    """What a proof is made with."""

    signer: str
    """The name that the log has for the key."""
    key: SigningKey
    secret: bytes


class Made(NamedTuple):
    """A proof."""

    statement: Statement
    text: str
    trees: list[Tree]


def keys_of(tables: Tables, folder: Path) -> Keys:
    """The first engine's key in the folder that the log trusts, and the secret, which is made if
    there is none. Raises NoSigner, KeyFileWrong."""
    for row in tables.attesters[tables.attesters["trusted"] == 1]:
        name = row["name"].decode()
        if not name.replace("-", "").isalnum() or not (folder / f"{name}.key").exists():
            continue
        key = attestation_key(folder, name)
        if bytes(key.verify_key) == row["public_key"].tobytes():
            return Keys(name, key, bytes(attestation_key(folder, _SECRET)))
    raise NoSigner(
        f"no key in {folder} is trusted by the log (`truebook up` registers its engines)"
    )


def make(state: State, keys: Keys) -> Made:
    """The proof. Raises SumTooLarge where no right engine can have that state."""
    balances = state.tables.balances
    if len(balances) and min(balances["available"].min(), balances["locked"].min()) < 0:
        raise SumTooLarge("a balance is below 0")
    trees = [_tree(state, keys.secret, int(row["asset"])) for row in state.tables.assets]
    assets = tuple(
        OfAsset(
            int(row["asset"]),
            row["symbol"].decode(),
            int(row["decimals"]),
            len(tree.entries),
            tree.root,
        )
        for row, tree in zip(state.tables.assets, trees, strict=True)
    )
    public_key = bytes(keys.key.verify_key)
    hashes = state.chain, state.state_hash
    statement = Statement(state.position, state.time_ms, *hashes, public_key, keys.signer, assets)
    return Made(statement, write(statement, keys.key), trees)


def _tree(state: State, secret: bytes, asset: int) -> Tree:
    balances, accounts = state.tables.balances, state.tables.accounts
    held: Table = balances[balances["asset"] == asset]
    atoms = held["available"].astype(np.uint64) + held["locked"].astype(np.uint64)
    names = accounts["name"][np.searchsorted(accounts["account"], held["account"])]
    about = b"".join(number.to_bytes(8, "little") for number in (*state.position, asset))
    key = hmac.digest(secret, _SALTS + about + state.chain, "sha256")
    return build(asset, held["account"], names, atoms, key)
