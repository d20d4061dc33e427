"""Options that several commands take, and the configuration that they make."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from truebook.config import Config
from truebook.config import load as load_config

Data = Annotated[Path | None, Parameter(help="The data folder; truebook-data by default.")]
ConfigFile = Annotated[
    Path | None, Parameter(help="The configuration; truebook.toml, if there is one, by default.")
]
Json = Annotated[bool, Parameter(negative=(), help="Print JSON.")]


def config_of(data: Path | None, file: Path | None, **sections: dict[str, Any]) -> Config:
    """The configuration with what the command line says on top."""
    overrides: dict[str, Any] = {"data": None if data is None else str(data), **sections}
    return load_config(file, overrides=overrides)
