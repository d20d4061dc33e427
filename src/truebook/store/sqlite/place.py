"""Where a SQLite database is, and what it raises that is the file's fault."""

import sqlite3
from pathlib import Path

from truebook.config import ConfigError

SCHEME = "sqlite:///"
FILE_ERRORS = (sqlite3.Error, OSError, UnicodeDecodeError)
"""What is raised over a file that is away, locked or damaged. Every text that is written is UTF-8;
where one isn't any more, SQLite quotes it in its error message, and Python can't read that."""


def path_of(url: str) -> Path:
    """The file that a URL names: sqlite:///relative, sqlite:////absolute. ConfigError otherwise."""
    if not url.startswith(SCHEME):
        raise ConfigError(f"database.url: it starts neither with {SCHEME} nor with postgresql://")
    name = url.removeprefix(SCHEME)
    if not name or "?" in name:
        raise ConfigError(f"database.url: {url!r} names no file: it must be {SCHEME}path")
    return Path(name)


def url_of(path: Path) -> str:
    """The URL of a file."""
    return f"{SCHEME}{path.absolute()}"
