"""`truebook admin attester …`: whose attestations of the state count."""

from typing import Annotated

from cyclopts import App, Parameter

from truebook.cli.admin_commands import Reason
from truebook.cli.options import HERE, Json, Place

attester_app = App(name="attester", help="Whose attestations of the state count.")

Key = Annotated[str, Parameter(help="The public key in hex: 64 digits.")]


@attester_app.command(name="list")
def list_attesters(*, place: Place = HERE, json: Json = False) -> None:
    """List all keys that the log knows, trusted and retired."""
    from truebook.cli.attesting import print_attesters

    print_attesters(place.read(), json)


@attester_app.command
def add(name: str, /, *, key: Key, reason: Reason, place: Place = HERE) -> None:
    """Trust a key.

    Parameters
    ----------
    name
        Of the engine that signs with it.
    """
    from truebook.cli.attesting import add as run

    run(place.read(), name, key, reason)


@attester_app.command
def retire(name: str, /, *, reason: Reason, place: Place = HERE) -> None:
    """Trust an engine's key no more. What it signed for earlier positions still counts.

    Parameters
    ----------
    name
        Of the engine, or the public key itself in hex.
    """
    from truebook.cli.attesting import retire as run

    run(place.read(), name, reason)


@attester_app.command
def rotate(
    name: str, /, *, key: Key = "", reason: Reason, place: Place = HERE, json: Json = False
) -> None:
    """Replace an engine's key; the engine takes the new one within a second or two.

    Parameters
    ----------
    name
        Of the engine. Without --key a new key is made in the folder `keys` of this host, where
        the engine must run; with it, whoever runs the engine puts the private half there.
    """
    from truebook.cli.attesting import rotate as run

    run(place.read(), name, key, reason, json)
