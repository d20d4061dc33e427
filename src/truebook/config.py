"""The configuration: what one installation says about itself, typed, from three places.

From the weakest to the strongest: the defaults below, the file (`truebook.toml` in the working
folder, or `--config FILE`), the environment, the command line. Promise: what can't be meant is
refused with the name of the key and the reason; a key nobody knows is an error, in the file and in
the environment; a configuration written by `write` is read back equal, which is how the processes
of one `truebook up` come to have the same.

In the environment a key of a section is TRUEBOOK_SECTION_KEY: `url` of `[log]` is
TRUEBOOK_LOG_URL, `port` of `[api]` is TRUEBOOK_API_PORT; `data` is TRUEBOOK_DATA. Assets,
markets and tiers are lists and stand in the file only, as `[[venue.assets]]`, `[[venue.markets]]`
and `[[venue.tiers]]`. They are for genesis: they become commands in an empty log, and after that
the log decides and these keys do nothing.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct, field

from truebook.limits import (
    PASSWORD_MEMORY_KIB_MAX,
    PASSWORD_OPERATIONS_MAX,
    SESSION_HOURS_MAX,
)

if TYPE_CHECKING:
    from truebook.genesis import Venue

FILE_NAME = "truebook.toml"
PREFIX = "TRUEBOOK_"

Port = Annotated[int, Meta(ge=0, le=65_535)]
PerSecond = Annotated[float, Meta(ge=0)]
Processes = Annotated[int, Meta(ge=1, le=64)]
PositiveAmount = Annotated[str, Meta(pattern=r"^(?=.*[1-9])[0-9]{1,12}(\.[0-9]{1,12})?$")]

REDIS_SCHEMES = ("redis", "rediss", "unix")
DATABASE_SCHEMES = ("sqlite", "postgresql")
ARCHIVE_SCHEMES = ("file",)
VOUCHABLE = ("appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory-policy")
"""The settings of a log server on which it depends that nothing is lost."""

DEMO_FAUCET = "USDC=100000,SOL=500,BTC=1,ETH=20"
"""Money that is none, for a venue that was set up by nobody: enough to try everything."""


class UserError(Exception):
    """The user's mistake, in words for the user: the command line ends with status 1."""


class ConfigError(UserError):
    """What is wrong with the configuration."""


class _Section(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A table of the file."""


class LogSection(_Section, frozen=True):
    """Where the command log is."""

    url: str = ""
    """redis://, rediss:// or unix://; empty: a private server on the data folder."""
    allow_not_durable: bool = False
    """Work even on a server that acknowledges entries before they are on disk: they can be lost."""
    vouched: str = ""
    """Settings of VOUCHABLE, joined by commas, that are right though the server doesn't tell."""
    replicas: Annotated[int, Meta(ge=0, le=16)] = 0
    """So many replicas must have an entry on disk before anybody is told that it was written."""


class BusSection(_Section, frozen=True):
    """Where the bus is."""

    url: str = ""
    """redis://, rediss:// or unix://; empty: a private server."""


class DatabaseSection(_Section, frozen=True):
    """Where what people query later is stored."""

    url: str = ""
    """sqlite:/// or postgresql://; empty: SQLite in the data folder."""


class ArchiveSection(_Section, frozen=True):
    """Where old entries of the log are kept."""

    url: str = ""
    """file:// and an absolute path; empty: a folder in the data folder."""
    log_bytes_max: Annotated[int, Meta(ge=1 << 20)] = 256 << 20
    """What the log server may hold in memory: above half of it, what is archived is dropped."""
    segment_bytes: Annotated[int, Meta(ge=1 << 12, le=256 << 20)] = 16 << 20
    """Entries make a segment when they have so many bytes …"""
    segment_seconds: Annotated[float, Meta(ge=1, le=86_400)] = 600.0
    """… or have waited so long."""
    reader_seconds: Annotated[float, Meta(ge=60)] = 3600.0
    """An engine that gave no sign for so long is waited for no more."""


class SnapshotsSection(_Section, frozen=True):
    """When engines write their state into files, to start from."""

    records: Annotated[int, Meta(ge=1)] = 1_000_000
    """After so many records of 64 bytes in the log (most commands are one) …"""
    seconds: Annotated[float, Meta(ge=0.1, le=86_400)] = 60.0
    """… and after so long, if there was anything."""
    keep: Annotated[int, Meta(ge=1, le=1_000)] = 3
    """How many of the latest each engine keeps."""


class ProofSection(_Section, frozen=True):
    """When `truebook up` makes a proof of liabilities."""

    seconds: Annotated[float, Meta(ge=0)] = 3600.0
    """How long after the one before; 0: never by itself."""
    keep: Annotated[int, Meta(ge=1, le=1_000)] = 3
    """Of how many of the latest the tree is kept; signed roots are kept for good."""


class ApiSection(_Section, frozen=True):
    """The HTTP gateways."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Port = 8080
    """0: any free one."""
    processes: Processes = 1
    trusted_proxies: str = ""
    """Addresses, joined by commas, whose word on who asks (X-Forwarded-For) is taken."""


class WsSection(_Section, frozen=True):
    """The websocket server."""

    port: Port = 8081
    """On the host of the API; 0: any free one."""
    connections_per_address: Annotated[int, Meta(ge=1)] = 64
    """Behind the API's trusted proxies, of each address that they name."""
    url: str = ""
    """As people reach it, where that is not the host of the page and this port: behind a proxy."""


class EngineSection(_Section, frozen=True):
    """The engines; with more than one the others stand by and check."""

    processes: Processes = 1
    kind: Literal["fast", "naive"] = "fast"
    """naive: the plain Python twin, a thousand times slower, for looking at a bug."""
    quorum: Processes = 1
    """So many engines must have made the same events before anybody is told."""


class BotsSection(_Section, frozen=True):
    """The market maker and the noise taker."""

    enabled: bool = True
    seed: int = 1
    """Of the walk and of the noise."""
    markets: tuple[str, ...] = ()
    """Empty: all."""
    prices: dict[str, str] = field(default_factory=dict)
    """By market, a CSV file of prices to follow instead of a walk."""
    volatility_bp: Annotated[float, Meta(ge=0, le=100)] = 1.0
    """How far a walk goes in one step, on average."""
    walk_step_s: Annotated[float, Meta(ge=0.01, le=86_400)] = 1.0
    levels: Annotated[int, Meta(ge=1, le=100)] = 10
    """On each side of the book."""
    spread_bp: Annotated[int, Meta(ge=0, le=2_000)] = 6
    step_bp: Annotated[int, Meta(ge=1, le=1_000)] = 3
    level_quote: PositiveAmount = "500"
    """What the best level is worth, in the quote asset."""
    skew_bp: Annotated[int, Meta(ge=0, le=1_000)] = 10
    """How far quotes are shifted at most when the inventory is off its target."""
    maker_pause_s: Annotated[float, Meta(ge=0.05, le=3_600)] = 1.0
    take_quote: PositiveAmount = "50"
    """What the taker's order is worth on average, in the quote asset."""
    taker_pause_s: Annotated[float, Meta(ge=0.01, le=3_600)] = 0.7
    """Between two of the taker's orders in a market, on average."""


class LimitsSection(_Section, frozen=True):
    """How much the API takes; 0: any number."""

    public_per_s: PerSecond = 50
    """Requests without a signature from one address; and again that many with a wrong one."""
    private_per_s: PerSecond = 100
    """Signed requests of one key, but for those that place orders."""
    orders_per_s: PerSecond = 200
    """Orders of one account; a batch counts each of its orders."""
    connections: Annotated[int, Meta(ge=0)] = 256
    """Of one address to one API process."""
    disk_free_mib: Annotated[int, Meta(ge=0)] = 256
    """With less than this left for the log, where the log is on this machine, nothing is taken."""


class AccountsSection(_Section, frozen=True):
    """Who may open an account, and what a new one is given."""

    open_orders_max: Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)] = 5_000
    """In all markets together."""
    sign_up: bool = True
    """Whether anybody may open an account over HTTP."""
    sign_ups_an_hour: Annotated[int, Meta(ge=1)] = 20
    """From one address; further ones have to wait."""
    faucet: str = ""
    """What whoever signs up is given to play with, as in `USDC=10000,SOL=100`. Empty: nothing, but
    with the venue that `truebook up` has by itself DEMO_FAUCET; `none` is nothing there too."""


class PasswordsSection(_Section, frozen=True):
    """What it costs to try a password (argon2id); stronger values count from the next change of a
    password on."""

    memory_kib: Annotated[int, Meta(ge=8, le=PASSWORD_MEMORY_KIB_MAX)] = 64 * 1024
    operations: Annotated[int, Meta(ge=1, le=PASSWORD_OPERATIONS_MAX)] = 3


class SessionsSection(_Section, frozen=True):
    """Sessions of people in a browser."""

    hours: Annotated[int, Meta(ge=1, le=SESSION_HOURS_MAX)] = 24
    """After that one logs in anew."""
    secure: bool = False
    """Send the cookie over TLS only; true wherever people reach the exchange by https://."""
    origins: str = ""
    """Further origins whose pages may use a session, as in `https://app.example,…`."""


class Config(_Section, frozen=True):
    """One installation of Truebook."""

    data: Annotated[str, Meta(min_length=1)] = "truebook-data"
    """The folder of everything that has to survive, and of what the processes write."""
    log: LogSection = LogSection()
    bus: BusSection = BusSection()
    database: DatabaseSection = DatabaseSection()
    archive: ArchiveSection = ArchiveSection()
    snapshots: SnapshotsSection = SnapshotsSection()
    proof: ProofSection = ProofSection()
    api: ApiSection = ApiSection()
    ws: WsSection = WsSection()
    engine: EngineSection = EngineSection()
    bots: BotsSection = BotsSection()
    accounts: AccountsSection = AccountsSection()
    passwords: PasswordsSection = PasswordsSection()
    sessions: SessionsSection = SessionsSection()
    limits: LimitsSection = LimitsSection()
    venue: dict[str, Any] = field(default_factory=dict)
    """Assets, markets and fee tiers as `genesis.Venue`; empty: SOL_USDC, BTC_USDC, ETH_USDC."""


def load(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, Any] | str] | None = None,
) -> Config:
    """Read the file (None: truebook.toml, if there is one), environment and command line.

    `overrides` has the shape of the file; a value of None says nothing.
    """
    values = read_file(file)
    _overlay(values, from_environment(os.environ if environment is None else environment))
    _overlay(values, overrides or {})
    return _checked(values)


def venue_of(config: Config) -> "Venue":
    """The venue for genesis; ConfigError names the market or asset and what is wrong with it."""
    # Imported here: it needs NumPy, and most commands of the command line never ask for it.
    from truebook.genesis import DEFAULT_VENUE, Venue, VenueError, commands_of

    if not config.venue:
        return DEFAULT_VENUE
    try:
        venue = msgspec.convert(config.venue, Venue)
        commands_of(venue)
    except msgspec.ValidationError as error:
        raise ConfigError(f"venue.{_with_key(str(error))}") from None
    except VenueError as error:
        raise ConfigError(f"venue: {error}") from None
    return venue


def vouched_in(log: LogSection) -> frozenset[str]:
    """The names in `log.vouched`."""
    return frozenset(name for part in log.vouched.split(",") if (name := part.strip()))


def faucet_text(config: Config) -> str:
    """What whoever signs up is given, as text; empty: nothing."""
    text = config.accounts.faucet.strip()
    if text == "none":
        return ""
    return text or ("" if config.venue else DEMO_FAUCET)


def read_file(file: Path | None = None) -> dict[str, Any]:
    """What a file says; TOML, or JSON as `write` makes it. Without a name it may be missing."""
    path = Path(FILE_NAME) if file is None else file
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if file is None:
            return {}
        raise ConfigError(f"there is no configuration file {path}") from None
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from None
    try:
        if path.suffix == ".json":
            values = msgspec.json.decode(data, type=dict[str, Any])
        else:
            values = tomllib.loads(data.decode())
    except (ValueError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path}: {error}") from None
    _checked(values, f"{path}: ")
    return values


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """What the environment says; variables of other sections than ours are left alone."""
    values: dict[str, Any] = {}
    sections = _sections()
    for name, text in environment.items():
        if not name.startswith(PREFIX):
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("_")
        if section == "data" and not key:
            values["data"] = text
        elif section in sections:
            values.setdefault(section, {})[key] = _typed(name, text, sections[section], key)
    return values


def environment_without(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without our keys, for a child that gets them in a file."""
    sections = _sections()

    def is_key(name: str) -> bool:
        section = name.removeprefix(PREFIX).lower().partition("_")[0]
        return name.startswith(PREFIX) and (section == "data" or section in sections)

    return {name: text for name, text in environment.items() if not is_key(name)}


def write(config: Config, path: Path) -> None:
    """Write the whole configuration as JSON, for its owner's eyes: URLs may hold passwords."""
    data = msgspec.json.format(msgspec.json.encode(config))
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(path)


def _sections() -> dict[str, type[_Section]]:
    """The sections whose keys are single values, by name."""
    return {
        item.name: item.type
        for item in msgspec.structs.fields(Config)
        if isinstance(item.type, type) and issubclass(item.type, _Section)
    }


def _typed(name: str, text: str, section: type[_Section], key: str) -> Any:
    """A variable's text as the type of its key."""
    types = {item.name: item.type for item in msgspec.structs.fields(section)}
    if key not in types:
        known = ", ".join(sorted(f"{name[: -len(key)]}{other.upper()}" for other in types))
        raise ConfigError(f"{name}: unknown key; known here: {known}")
    try:
        return msgspec.convert(text, types[key], strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {error}") from None


def _overlay(values: dict[str, Any], stronger: Mapping[str, Any]) -> None:
    for key, value in stronger.items():
        if isinstance(value, Mapping):
            _overlay(values.setdefault(key, {}), value)
        elif value is not None:
            values[key] = value


def _checked(values: dict[str, Any], source: str = "") -> Config:
    try:
        config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(source + _with_key(str(error))) from None
    _check_url(source, "log.url", config.log.url, REDIS_SCHEMES)
    if unknown := vouched_in(config.log).difference(VOUCHABLE):
        known = ", ".join(VOUCHABLE)
        raise ConfigError(f"{source}log.vouched: {min(unknown)!r} is none of {known}")
    _check_url(source, "bus.url", config.bus.url, REDIS_SCHEMES)
    _check_url(source, "database.url", config.database.url, DATABASE_SCHEMES)
    if config.engine.quorum > config.engine.processes:
        raise ConfigError(f"{source}engine.quorum: there are {config.engine.processes} engines")
    _check_url(source, "archive.url", config.archive.url, ARCHIVE_SCHEMES)
    if config.archive.url and not urlsplit(config.archive.url).path.startswith("/"):
        raise ConfigError(f"{source}archive.url: {config.archive.url!r} has no absolute path")
    return config


def _check_url(source: str, key: str, url: str, schemes: tuple[str, ...]) -> None:
    scheme, is_url, _ = url.partition("://")
    if url and not (is_url and scheme in schemes):
        # Of the rest nothing is shown: it may hold a password.
        found = f"{scheme}://" if is_url else "this"
        wanted = ", ".join(f"{scheme}://" for scheme in schemes)
        raise ConfigError(f"{source}{key}: {found!r} doesn't start with {wanted}")


def _with_key(message: str) -> str:
    """Put the key first: "Expected `int`, got `str` - at `$.api.port`" → "api.port: Expected …"."""
    reason, _, place = message.partition(" - at `$")
    place = place.rstrip("`").lstrip(".")
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", reason)
    if unknown:
        return f"{place}.{unknown[1]}: unknown key".lstrip(".")
    return f"{place or 'file'}: {reason}"
