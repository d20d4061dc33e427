"""Which database a URL names."""

from truebook.store.sqlite.place import path_of

POSTGRES_SCHEME = "postgresql://"


def is_postgres(database_url: str) -> bool:
    """Whether it is a PostgreSQL server's, and not SQLite's."""
    return database_url.startswith(POSTGRES_SCHEME)


def check_place(database_url: str) -> None:
    """Whether a database can be meant. Raises ConfigError."""
    if is_postgres(database_url):
        from truebook.store.postgres.connecting import check_url

        check_url(database_url)
    else:
        path_of(database_url)
