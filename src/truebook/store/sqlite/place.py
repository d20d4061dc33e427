"""Where a SQLite database is, and what it raises that is the file's fault."""

import sqlite3
from pathlib import Path

SCHEME = "sqlite:///"
FILE_ERRORS = (sqlite3.Error, OSError, UnicodeDecodeError)
"""What is raised over a file that is away, locked or damaged. Every text that is written is UTF-8;
where one isn't any more, SQLite quotes it in its error message, and Python can't read that."""


def path_of(url: str) -> Path:
    """The file that a URL names: sqlite:///relative, sqlite:////absolute. ValueError otherwise."""
    name = url.removeprefix(SCHEME)
    if name == url or not name or "?" in name:
        raise ValueError(f"{url!r} names no file: it must be {SCHEME}path")
    return Path(name)


def url_of(path: Path) -> str:
    """The URL of a file."""
    return f"{SCHEME}{path.absolute()}"
