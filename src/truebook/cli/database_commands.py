"""`truebook database …`: the SQL database, before anything runs on it."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from truebook.cli.options import HERE, Json, Place

database_app = App(name="database", help="The PostgreSQL database: tables, roles, retention.")


@database_app.command
def prepare(
    *,
    url: str | None = None,
    keep_days: Annotated[int | None, Parameter(validator=Number(gte=0))] = None,
    json: Json = False,
    place: Place = HERE,
) -> None:
    """Make the tables, the roles and their rights, and use TimescaleDB where it is.

    May be repeated; nothing is lost by it. The store does all of it but the roles by itself, if
    its user may make tables.

    Parameters
    ----------
    url
        postgresql://, of a user who may make tables and roles; `database.url` by default.
    keep_days
        For how many days TimescaleDB keeps trades and fills; 0: for ever. As it was by default.
    """
    from truebook.cli.databases import print_prepared

    print_prepared(place.read(), url, keep_days, json)
