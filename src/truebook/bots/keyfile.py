"""The file that holds a bot's key: JSON, for its owner's eyes only.

    {"apiKey": "…", "apiSecret": "…", "credit": {"USDC": "10000000", "SOL": "100000"}}

The key's two halves are what `truebook account create --json` prints. `credit` is what the account
began with, which a bot takes as the inventory it comes back to; without it, that is what the bot
has when it starts.
"""

import base64
from pathlib import Path

import msgspec

from truebook.config import UserError

SEED_BYTES = 32


class KeyFile(msgspec.Struct, rename="camel", frozen=True):
    """A key and what its account began with."""

    api_key: str
    """Base64 of the Ed25519 public key."""
    api_secret: str
    """Base64 of its 32-byte seed."""
    credit: dict[str, str] = {}
    """Amounts by asset, as decimal text."""


def read_key_file(path: Path) -> KeyFile:
    """Read a key file. Raises UserError."""
    try:
        key = msgspec.json.decode(path.read_bytes(), type=KeyFile)
        seed = base64.b64decode(key.api_secret, validate=True)
    except OSError as error:
        raise UserError(f"can't read the key file {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise UserError(f"the key file {path}: {error}") from None
    if len(seed) < SEED_BYTES:
        raise UserError(f"the key file {path}: apiSecret must be the base64 of {SEED_BYTES} bytes")
    return key
