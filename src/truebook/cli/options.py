"""Options that several commands take, and the configuration that they make."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from truebook.config import Config, ConfigError
from truebook.config import load as load_config

Data = Annotated[Path | None, Parameter(help="The data folder; truebook-data by default.")]
ConfigFile = Annotated[
    Path | None, Parameter(help="The configuration; truebook.toml, if there is one, by default.")
]
Json = Annotated[bool, Parameter(negative=(), help="Print JSON.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Place:
    """Which exchange a command is about: the two options that every command has."""

    data: Data = None
    config: ConfigFile = None

    def read(self) -> Config:
        """Its configuration."""
        return config_of(self.data, self.config)


HERE = Place()


def config_of(data: Path | None, file: Path | None, **sections: dict[str, Any]) -> Config:
    """The configuration with what the command line says on top."""
    overrides: dict[str, Any] = {"data": None if data is None else str(data), **sections}
    config = load_config(file, overrides=overrides)
    for key, url in (("log.url", config.log.url), ("bus.url", config.bus.url)):
        if url:
            _check_address(key, url)
    return config


def _check_address(key: str, url: str) -> None:
    # Imported here: short commands without these keys don't wait for it.
    from truebook.commandlog.address import parse

    try:
        parse(url)
    except (ValueError, OSError) as error:
        raise ConfigError(f"{key}: {error}") from None
