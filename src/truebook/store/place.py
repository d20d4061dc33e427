"""Which database a URL names."""

from truebook.postgres.urls import is_postgres
from truebook.store.sqlite.place import path_of


def check_place(database_url: str) -> None:
    """Whether a database can be meant. Raises ConfigError."""
    if is_postgres(database_url):
        from truebook.postgres.connecting import check_url

        check_url(database_url)
    else:
        path_of(database_url)
