"""The statement: what the venue owes in all, per asset, signed. A text that everybody can read.

    truebook liabilities 1
    position 1795246042096-0
    time 1795246042096
    chain 9f0c…                   32 bytes in hex: of the log up to the position
    state 4be1…                   16 bytes: the state hash there
    signer 77ab… engine-1         an Ed25519 key, and whose it is by the log
    asset 0 USDC 6 leaves 4 total 400000000000 root 5d1e…
    asset 1 SOL 9 leaves 0 total 0 root 0000…
    signature 08fe…               64 bytes, over all lines above

Promise: a text that `read` accepts says one thing in one way: it is what `write` makes of the
statement, byte for byte, and its signature is right. So whoever compares the texts, or their
SHA-256 (`digest_of`), has compared everything that is proved.
"""

import re
from hashlib import sha256
from typing import NamedTuple

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from truebook.commandlog.interface import Position
from truebook.limits import ACCOUNTS_MAX, AMOUNT_MAX, ASSETS_MAX, DECIMALS_MAX
from truebook.proof.hashing import EMPTY, Node

FIRST_LINE = "truebook liabilities 1"
BYTES_MAX = 512 + 256 * ASSETS_MAX
"""Of a statement with as many assets as there can be."""

_NUMBER = "(0|[1-9][0-9]{0,19})"
_HASH = "([0-9a-f]{64})"
_HEAD = re.compile(
    f"{FIRST_LINE}\nposition {_NUMBER}-{_NUMBER}\ntime {_NUMBER}\nchain {_HASH}\n"
    f"state ([0-9a-f]{{32}})\nsigner {_HASH} ([!-~]{{1,16}})\n"
)
_ASSET = re.compile(
    f"asset {_NUMBER} ([!-~]{{1,16}}) {_NUMBER} leaves {_NUMBER} total {_NUMBER} root {_HASH}\n"
)
_SIGNATURE = re.compile("signature ([0-9a-f]{128})\n")


class NotAStatement(ValueError):
    """A text that is no signed statement; says why."""


class OfAsset(NamedTuple):
    """What is owed of one asset."""

    number: int
    symbol: str
    decimals: int
    leaves: int
    root: Node


class Statement(NamedTuple):
    """What is signed."""

    position: Position
    """Of the log: what is owed is told as of then."""
    time_ms: int
    """The engine's, there."""
    chain: bytes
    state_hash: bytes
    key: bytes
    """The signer's public key."""
    signer: str
    assets: tuple[OfAsset, ...]
    """All there are, by number."""

    def by_symbol(self, symbol: str) -> OfAsset | None:
        """The asset of that name."""
        return next((asset for asset in self.assets if asset.symbol == symbol), None)


def write(statement: Statement, key: SigningKey) -> str:
    """The text of a statement, signed."""
    text = _unsigned(statement)
    return f"{text}signature {key.sign(text.encode()).signature.hex()}\n"


def digest_of(text: str) -> str:
    """What stands for a signed statement wherever a whole text is too long: its SHA-256, in hex."""
    return sha256(text.encode()).hexdigest()


def read(text: str) -> Statement:
    """The statement in a text, its form and signature checked; whether its key is trusted is
    another question. Raises NotAStatement."""
    head = _HEAD.match(text)
    if head is None:
        raise NotAStatement("it doesn't begin as a statement of liabilities does")
    position = Position(int(head[1]), int(head[2]))
    assets, end = [], head.end()
    while line := _ASSET.match(text, end):
        number, decimals, leaves, total = (int(line[n]) for n in (1, 3, 4, 5))
        root = Node(bytes.fromhex(line[6]), total)
        assets.append(OfAsset(number, line[2], decimals, leaves, root))
        end = line.end()
    signature = _SIGNATURE.fullmatch(text, end)
    if signature is None:
        raise NotAStatement(f"line {text.count(chr(10), 0, end) + 1} can't be read")
    chain, state_hash, key = (bytes.fromhex(head[n]) for n in (4, 5, 6))
    statement = Statement(position, int(head[3]), chain, state_hash, key, head[7], tuple(assets))
    _check(statement)
    try:
        VerifyKey(statement.key).verify(text[:end].encode(), bytes.fromhex(signature[1]))
    except (BadSignatureError, ValueError):
        raise NotAStatement("its signature is wrong") from None
    return statement


def _unsigned(statement: Statement) -> str:
    lines = [
        FIRST_LINE,
        f"position {statement.position}",
        f"time {statement.time_ms}",
        f"chain {statement.chain.hex()}",
        f"state {statement.state_hash.hex()}",
        f"signer {statement.key.hex()} {statement.signer}",
    ]
    lines += [
        f"asset {one.number} {one.symbol} {one.decimals}"
        f" leaves {one.leaves} total {one.root.sum} root {one.root.hash.hex()}"
        for one in statement.assets
    ]
    return "".join(f"{line}\n" for line in lines)


def _check(statement: Statement) -> None:
    """Raise NotAStatement for what no venue can owe."""
    numbers = [asset.number for asset in statement.assets]
    symbols = {asset.symbol for asset in statement.assets}
    if sorted(set(numbers)) != numbers or len(symbols) < len(numbers):
        raise NotAStatement("an asset stands twice, or not in its place")
    for asset in statement.assets:
        in_range = asset.number < ASSETS_MAX and asset.decimals <= DECIMALS_MAX
        if not in_range or asset.leaves > ACCOUNTS_MAX or asset.root.sum > AMOUNT_MAX:
            raise NotAStatement(f"{asset.symbol}: a number is larger than there can be")
        if (asset.root == EMPTY) != (asset.leaves == 0) or asset.root.sum < asset.leaves:
            raise NotAStatement(f"{asset.symbol}: {asset.leaves} leaves can't have that total")
