"""The configuration: three sources in order of strength, and errors that name the key."""

import re
from pathlib import Path

import pytest

from truebook import config
from truebook.config import ConfigError


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "truebook.toml"
        path.write_text(text)
        return path

    return write


def test_without_file_and_environment_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = config.load(environment={})
    assert loaded == config.Config()
    assert (loaded.api.host, loaded.api.port, loaded.data) == ("127.0.0.1", 8080, "truebook-data")


def test_truebook_toml_in_the_working_folder_is_read(file, tmp_path, monkeypatch):
    file("[api]\nport = 9000")
    monkeypatch.chdir(tmp_path)
    assert config.load(environment={}).api.port == 9000


def test_environment_is_stronger_than_the_file_and_the_command_line_than_both(file):
    path = file("[api]\nport = 9000\nhost = '0.0.0.0'\nprocesses = 2")
    environment = {"TRUEBOOK_API_PORT": "9001", "TRUEBOOK_API_PROCESSES": "3", "PATH": "x"}
    overrides = {"api": {"port": 9002, "processes": None}}
    loaded = config.load(path, environment, overrides)
    assert (loaded.api.host, loaded.api.port, loaded.api.processes) == ("0.0.0.0", 9002, 3)


def test_the_four_addresses_come_from_the_environment():
    urls = {
        "TRUEBOOK_LOG_URL": "redis://log:6379",
        "TRUEBOOK_BUS_URL": "unix:///run/bus.sock",
        "TRUEBOOK_DATABASE_URL": "postgresql://store/truebook",
        "TRUEBOOK_ARCHIVE_URL": "file:///archive",
    }
    loaded = config.load(environment=urls)
    found = (loaded.log.url, loaded.bus.url, loaded.database.url, loaded.archive.url)
    assert found == tuple(urls.values())


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[api]\nport = 'x'", "api.port: Expected `int`, got `str`"),
        ("[api]\nport = 70000", "api.port: Expected `int` <= 65535"),
        ("[api]\nprot = 1", "api.prot: unknown key"),
        ("speed = 1", "speed: unknown key"),
        ("api = 1", "api: Expected `object`, got `int`"),
        ("[log]\nurl = 'http://x'", "log.url: 'http://' doesn't start with redis://"),
        ("[engine]\nkind = 'quick'", "engine.kind: Invalid enum value 'quick'"),
        ("[api", "Expected ']'"),
    ],
)
def test_an_error_names_the_file_the_key_and_the_reason(file, text, error):
    path = file(text)
    with pytest.raises(ConfigError) as caught:
        config.load(path, {})
    assert error in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("TRUEBOOK_API_PORT", "x", "TRUEBOOK_API_PORT: Expected `int`, got `str`"),
        ("TRUEBOOK_API_PRT", "1", "TRUEBOOK_API_PRT: unknown key; known here: TRUEBOOK_API_HOST"),
        ("TRUEBOOK_API", "1", "TRUEBOOK_API: unknown key"),
        ("TRUEBOOK_LOG_URL", "ftp://x", "log.url: 'ftp://' doesn't start with redis://"),
    ],
)
def test_an_error_in_the_environment_names_the_variable(name, text, error):
    with pytest.raises(ConfigError) as caught:
        config.load(environment={name: text})
    assert error in str(caught.value)


def test_variables_that_are_not_configuration_are_left_alone():
    assert config.load(environment={"TRUEBOOK_CACHE": "/x"}) == config.Config()


def test_a_named_file_must_be_there(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no configuration file .*other\.toml"):
        config.load(tmp_path / "other.toml", {})


def test_a_written_configuration_is_read_back_equal_and_for_its_owner_alone(tmp_path):
    venue = {"assets": [{"symbol": "A", "decimals": 2}], "markets": []}
    api = config.ApiSection(port=9000)
    written = config.Config(data="x", api=api, venue=venue)
    path = tmp_path / "config.json"
    config.write(written, path)
    assert config.load(path, {}) == written
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_childs_environment_holds_no_key_but_keeps_the_rest():
    environment = {"TRUEBOOK_API_PORT": "1", "TRUEBOOK_DATA": "d", "TRUEBOOK_CACHE": "/x", "A": "b"}
    assert config.environment_without(environment) == {"TRUEBOOK_CACHE": "/x", "A": "b"}


def test_without_a_venue_the_default_one_is_meant():
    symbols = [market.symbol for market in config.venue_of(config.Config()).markets]
    assert symbols == ["SOL_USDC", "BTC_USDC", "ETH_USDC"]


VENUE = """
[[venue.assets]]
symbol = "EUR"
decimals = 2
[[venue.assets]]
symbol = "GOLD"
decimals = 3
[[venue.tiers]]
maker_bp = 0
taker_bp = 5
[[venue.markets]]
symbol = "GOLD_EUR"
tick = "0.1"
step = "0.1"
reference = "1500"
"""


def test_a_venue_is_read_from_the_file(file):
    venue = config.venue_of(config.load(file(VENUE), {}))
    assert [asset.symbol for asset in venue.assets] == ["EUR", "GOLD"]
    assert (venue.markets[0].tick, venue.tiers[0].taker_bp) == ("0.1", 5)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('tick = "0.1"', 'tick = "0.01"', "venue: GOLD_EUR: tick × step must be a whole number"),
        ('tick = "0.1"', "tick = 1", "venue.markets[0].tick: Expected `str`, got `int`"),
        ('tick = "0.1"', "", "venue.markets[0]: Object missing required field `tick`"),
        ('"GOLD_EUR"', '"GOLD_USD"', "venue: GOLD_USD: symbol must join two assets"),
        ("taker_bp", "taker", "venue.tiers[0].taker: unknown key"),
    ],
)
def test_an_error_in_the_venue_names_what_is_wrong(file, old, new, error):
    loaded = config.load(file(VENUE.replace(old, new)), {})
    with pytest.raises(ConfigError) as caught:
        config.venue_of(loaded)
    assert error in str(caught.value)


def test_the_example_in_the_documentation_is_a_configuration(file):
    page = Path(__file__).parents[2] / "docs" / "configuration.md"
    example, venue = re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)
    assert config.load(file(example), {}) == config.Config()
    configured = config.venue_of(config.load(file(venue), {}))
    assert [market.symbol for market in configured.markets] == ["GOLD_EUR"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("levels = 0", "bots.levels: Expected `int` >= 1"),
        ("step_bp = 0", "bots.step_bp: Expected `int` >= 1"),
        ("level_quote = '0'", "bots.level_quote: Expected `str` matching regex"),
        ("level_quote = '-5'", "bots.level_quote: Expected `str` matching regex"),
        ("take_quote = 'NaN'", "bots.take_quote: Expected `str` matching regex"),
        ("maker_pause_s = 0", "bots.maker_pause_s: Expected `float` >= 0.05"),
        ("volatility_bp = nan", "bots.volatility_bp"),
    ],
)
def test_bots_that_could_not_trade_are_refused(file, text, error):
    with pytest.raises(ConfigError, match=re.escape(error)):
        config.load(file(f"[bots]\n{text}"), environment={})


def test_bots_are_configured_in_the_file_and_survive_being_handed_on(file, tmp_path):
    text = "[bots]\nmarkets = ['SOL_USDC']\nlevel_quote = '0.05'\n[bots.prices]\nSOL_USDC = 'x.csv'"
    loaded = config.load(file(text), environment={"TRUEBOOK_BOTS_SEED": "7"})
    bots = loaded.bots
    assert (bots.markets, bots.level_quote, bots.seed) == (("SOL_USDC",), "0.05", 7)
    assert bots.prices == {"SOL_USDC": "x.csv"}
    config.write(loaded, tmp_path / "config.json")
    assert config.load(tmp_path / "config.json", environment={}) == loaded
