"""Where a configuration keeps what it keeps about people: with two hosts, both must see the same.

PostgreSQL's driver is loaded only where it is needed.
"""

from collections.abc import Callable

from truebook.config import Config
from truebook.installation import folder_of
from truebook.people import sqlite
from truebook.people.database import PeopleDatabase
from truebook.postgres.urls import is_postgres


def people_database(config: Config) -> Callable[[], PeopleDatabase]:
    """How it is opened, when it is needed: a file in the data folder; where the store is on
    PostgreSQL, a schema of the same database."""
    url = config.database.url
    if not is_postgres(url):
        return sqlite.open_in(folder_of(config).path)

    def opened() -> PeopleDatabase:
        from truebook.people.postgres import PostgresPeople

        return PostgresPeople(url)

    return opened
