"""`truebook account …` besides `create`: lists, passwords, keys.

Whoever can write to the log may do all of it: these commands ask for no password.
"""

from typing import Annotated

from cyclopts import App, Parameter

from truebook.cli.options import HERE, Json, Place

key_app = App(name="key", help="API keys of an account.")

Texts = Annotated[tuple[str, ...], Parameter(negative=())]


def list_accounts(*, place: Place = HERE, json: Json = False) -> None:
    """List all accounts."""
    from truebook.cli.people import print_accounts

    print_accounts(place.read(), json)


def password(
    name: str,
    /,
    *,
    admin: bool | None = None,
    place: Place = HERE,
) -> None:
    """Give an account a password, read from the terminal or standard input; ends its sessions.

    Parameters
    ----------
    name
        Of the account, or its number.
    admin
        Whether its owner may administer the exchange when logged in; as before by default.
    """
    from truebook.cli.people import set_password

    set_password(place.read(), name, admin)


@key_app.command
def add(
    name: str,
    /,
    *,
    permission: Texts = ("read", "trade"),
    public_key: str = "",
    label: str = "",
    address: Texts = (),
    days: int | None = None,
    place: Place = HERE,
    json: Json = False,
) -> None:
    """Register a key, or make one and print its secret, once.

    Parameters
    ----------
    name
        Of the account, or its number.
    permission
        read, trade, withdraw or admin; may be repeated. read and trade by default.
    public_key
        Base64 of an Ed25519 public key; a new key is made if it is absent.
    label
        What the owner calls it.
    address
        From where alone it may be used, as in 10.0.0.0/8; may be repeated.
    days
        After how many it expires; never by default.
    """
    from truebook.cli.people import print_added_key

    wanted = (permission, label, address, days, public_key)
    print_added_key(place.read(), name, wanted, json)


@key_app.command(name="list")
def list_keys(name: str, /, *, place: Place = HERE, json: Json = False) -> None:
    """List the keys of an account.

    Parameters
    ----------
    name
        Of the account, or its number.
    """
    from truebook.cli.people import print_keys

    print_keys(place.read(), name, json)


@key_app.command
def revoke(key: str, /, *, place: Place = HERE) -> None:
    """End a key for good, everywhere within a second.

    Parameters
    ----------
    key
        Base64 of the public key.
    """
    from truebook.cli.people import revoke_key

    revoke_key(place.read(), key)
