"""How a command finds the exchange it is about: by the configured addresses, else by what runs on
the data folder."""

from pathlib import Path

import msgspec

from truebook.config import Config, UserError
from truebook.datafolder import DataFolder, State

DATABASE_FILE = "database.sqlite"


def folder_of(config: Config) -> DataFolder:
    """The data folder of a configuration."""
    return DataFolder(Path(config.data).expanduser())


def running(config: Config) -> State | None:
    """What `truebook up` runs on the data folder; None if it doesn't."""
    return folder_of(config).read_state()


def database_url(config: Config) -> str:
    """Where the database is: as configured, else SQLite in the data folder."""
    return config.database.url or f"sqlite:///{folder_of(config).path / DATABASE_FILE}"


def archive_url(config: Config) -> str:
    """Where the archive of the log is; in the data folder unless the configuration says."""
    return config.archive.url or (folder_of(config).path / "archive").as_uri()


def snapshots_path(config: Config) -> Path:
    """Where engines have their snapshots."""
    return folder_of(config).path / "snapshots"


def proofs_path(config: Config) -> Path:
    """Where proofs of liabilities are kept."""
    return folder_of(config).path / "proofs"


def attached(config: Config) -> Config:
    """The configuration with the addresses of log and bus. Raises UserError if nothing runs."""
    if config.log.url and config.bus.url:
        return config
    state = running(config)
    if state is None:
        raise UserError(
            f"nothing runs on {folder_of(config).path}: start it with `truebook up`, name another"
            " folder with --data, or set TRUEBOOK_LOG_URL and TRUEBOOK_BUS_URL"
        )
    log_url, bus_url = config.log.url or state.log_url, config.bus.url or state.bus_url
    return msgspec.structs.replace(
        config,
        log=msgspec.structs.replace(config.log, url=log_url),
        bus=msgspec.structs.replace(config.bus, url=bus_url),
    )
