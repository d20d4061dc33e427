"""Whether PostgreSQL is meant: asked by everybody, so the driver isn't loaded for it."""

SCHEME = "postgresql://"


def is_postgres(database_url: str) -> bool:
    """Whether a URL is of a PostgreSQL server."""
    return database_url.startswith(SCHEME)
