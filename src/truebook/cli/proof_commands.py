"""`truebook proof …`: the commands and their options; what they do is in proving.py."""

from pathlib import Path

from cyclopts import App

from truebook.cli.options import ConfigFile, Data, Json, config_of
from truebook.cli.role_commands import Kind

proof_app = App(name="proof", help="Proofs of liabilities: made, checked, audited.")


@proof_app.command
def make(
    *,
    at: str | None = None,
    out: Path | None = None,
    data: Data = None,
    config: ConfigFile = None,
    json: Json = False,
    engine: Kind = None,
) -> None:
    """Make a proof of what the venue owes each account, and sign its root.

    Parameters
    ----------
    at
        A position of the log, a time (UTC), or milliseconds; now by default.
    out
        The folder to keep it in; `proofs` in the data folder by default.
    """
    from truebook.cli.proving import make_proof

    make_proof(config_of(data, config, engine={"kind": engine}), at, out, json)


@proof_app.command
def verify(
    file: Path, /, *, root: str | None = None, key: str | None = None, json: Json = False
) -> int:
    """Check an account's proof, with nothing but its file: exit status 1 if it proves nothing.

    Parameters
    ----------
    file
        What `GET /api/v1/proof` answered.
    root
        The root that it must lead to, got from somebody else: a file, or its SHA-256 in hex.
    key
        The key, in hex, that must have signed the root.
    """
    from truebook.cli.proving import verify_proof

    return verify_proof(file, root, key, json)


@proof_app.command
def audit(
    *,
    at: str | None = None,
    data: Data = None,
    config: ConfigFile = None,
    json: Json = False,
    engine: Kind = None,
) -> int:
    """Make the state of a proof again from the first command on, and compare: exit status 1 if it
    isn't what the log says, or totals aren't deposits less withdrawals.

    Parameters
    ----------
    at
        The position of the proof; the latest by default.
    """
    from truebook.cli.proving import audit_proof

    return audit_proof(config_of(data, config, engine={"kind": engine}), at, json)
