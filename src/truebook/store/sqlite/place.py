"""Where a SQLite database is."""

from pathlib import Path

from truebook.config import ConfigError

SCHEME = "sqlite:///"


def path_of(url: str) -> Path:
    """The file that a URL names: sqlite:///relative, sqlite:////absolute. ConfigError otherwise."""
    if not url.startswith(SCHEME):
        raise ConfigError(f"database.url: only {SCHEME}path is built yet")
    name = url.removeprefix(SCHEME)
    if not name or "?" in name:
        raise ConfigError(f"database.url: {url!r} names no file: it must be {SCHEME}path")
    return Path(name)


def url_of(path: Path) -> str:
    """The URL of a file."""
    return f"{SCHEME}{path.absolute()}"
