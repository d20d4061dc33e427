"""Where a SQLite database is."""

from pathlib import Path

SCHEME = "sqlite:///"


def path_of(url: str) -> Path:
    """The file that a URL names: sqlite:///relative, sqlite:////absolute. ValueError otherwise."""
    name = url.removeprefix(SCHEME)
    if name == url or not name or "?" in name:
        raise ValueError(f"{url!r} names no file: it must be {SCHEME}path")
    return Path(name)


def url_of(path: Path) -> str:
    """The URL of a file."""
    return f"{SCHEME}{path.absolute()}"
