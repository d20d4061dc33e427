"""What only PostgreSQL has: a server that goes away, rights, and an extension that may be there."""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from store.database import dump, opened, store
from store.stream import campaign, tail_of, trading
from venue.postgres import private_cluster

from truebook import cli
from truebook.commandlog.halts import Epoch
from truebook.commandlog.interface import GENESIS
from truebook.history import HistoryUnavailable, Page
from truebook.people.database import Salt
from truebook.people.errors import PeopleUnavailable
from truebook.people.postgres import PostgresPeople
from truebook.postgres.connecting import connect, shown
from truebook.store.fold import fold
from truebook.store.interface import StoreUnavailable
from truebook.store.postgres import preparing, roles, timescale
from truebook.store.postgres import reader as reading
from truebook.store.postgres import writer as writing
from truebook.store.postgres.history import PostgresHistory
from truebook.store.postgres.reader import Reader
from truebook.store.postgres.timescale import Probe, Use, decide
from truebook.store.postgres.writer import PostgresWriter
from truebook.store.reading import told_rows_of
from truebook.store.voiding import set_aside

SEED = 51


@pytest.fixture(scope="module")
def entries():
    return campaign(SEED, 2000)[0]


@pytest.fixture
def url(postgres):
    made = postgres.create()
    yield made
    postgres.drop(made)


@pytest.fixture(scope="module")
def expected(postgres, entries):
    """All rows of the whole stream."""
    made = postgres.create()
    store(made, entries)
    rows = dump(made)
    postgres.drop(made)
    return rows


def run(url, statement):
    with psycopg.connect(url, autocommit=True, options="-c search_path=truebook,public") as found:
        return found.execute(statement)


def cut(url):
    """End all connections to a database, as the end of its server does."""
    run(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


# writing


class Failing:
    """A connection whose statements fail from one on, as those of a server that is ended do."""

    def __init__(self, raw, url, at):
        self.raw, self.url, self.left = raw, url, at

    def _step(self):
        self.left -= 1
        if self.left == -1:
            cut(self.url)

    def execute(self, *arguments):
        self._step()
        return self.raw.execute(*arguments)

    def cursor(self):
        self._step()
        return self.raw.cursor()

    def __getattr__(self, name):
        return getattr(self.raw, name)


def test_a_batch_that_is_cut_off_at_any_statement_leaves_nothing(url, entries, expected):
    half = len(entries) // 2
    store(url, entries[:half])
    before = dump(url)
    steps = 0
    while True:
        writer = PostgresWriter(url)
        known, directory = writer.open()
        assert known == tail_of(entries[:half])
        rows = fold(entries[half : half + 40], known, directory)
        writer._raw = Failing(writer._raw, url, steps)
        try:
            writer.write(rows)
            break
        except StoreUnavailable:
            assert dump(url) == before
        finally:
            writer.close()
        steps += 1
    assert steps > 10
    store(url, entries)
    assert dump(url) == expected


def test_a_server_that_crashes_and_comes_again_has_every_row_once(entries):
    with private_cluster() as cluster:
        url = cluster.create()
        writer = PostgresWriter(url)
        known, directory = writer.open()
        history = PostgresHistory(url)
        third = len(entries) // 3
        writer.write(fold(entries[:third], known, directory))
        assert asyncio.run(history.position()) == entries[third - 1].position
        cluster.kill()
        with pytest.raises(StoreUnavailable):
            writer.write(fold(entries[third:], tail_of(entries[:third]), directory))
        writer.close()
        with pytest.raises(StoreUnavailable):
            writer.open()
        with pytest.raises(HistoryUnavailable):
            asyncio.run(history.position())
        cluster.start()
        store(url, entries)
        found = dump(url)
        history._reader._away_until_s = 0.0
        assert asyncio.run(history.position()) == entries[-1].position
        history.close()
        other = cluster.create()
        store(other, entries)
        assert found == dump(other)


def test_a_store_that_is_locked_out_says_so_and_goes_on_later(url, entries, monkeypatch):
    monkeypatch.setitem(writing.SETTINGS, "lock_timeout", "20ms")
    writer = PostgresWriter(url)
    known, directory = writer.open()
    rows = fold(entries[:60], known, directory)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE truebook.trades IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            writer.write(rows)
    writer.write(rows)
    writer.close()


def test_several_processes_may_start_at_once_on_an_empty_database(url):
    def open_one(number):
        if number % 2:
            database = PostgresPeople(url)
            database.add_salt(number, Salt(b"x" * 16, 1, 8), 0)
            database.close()
        else:
            writer = PostgresWriter(url)
            writer.open()
            writer.close()

    with ThreadPoolExecutor(6) as starting:
        list(starting.map(open_one, range(6)))
    found = run(url, "SELECT count(*) FROM truebook.schema_version").fetchone()
    assert found == (1,)


def test_tables_that_are_taken_away_are_made_again(url, entries):
    writer = PostgresWriter(url)
    known, directory = writer.open()
    run(url, "DROP SCHEMA truebook CASCADE")
    with pytest.raises(StoreUnavailable, match="does not exist"):
        writer.write(fold(entries[:60], known, directory))
    writer.close()
    assert writer.open().tail.position == GENESIS
    writer.close()


def test_a_standby_is_waited_for_until_it_may_be_written(url, entries):
    writer = PostgresWriter(url)
    known, directory = writer.open()
    writer._raw.execute("SET default_transaction_read_only = on")
    with pytest.raises(StoreUnavailable, match="read-only"):
        writer.write(fold(entries[:60], known, directory))
    writer.close()


def test_a_note_with_a_nul_does_not_stop_the_store(url):
    entries, _ = trading(5, 20)
    writer = PostgresWriter(url)
    rows = fold(entries, *writer.open())
    rows.notes.append((1, "a\0b"))
    writer.write(rows)
    writer.close()
    last = run(url, "SELECT text FROM truebook.notes ORDER BY id DESC LIMIT 1").fetchone()
    assert last == ("a\ufffdb",)


# reading


def test_a_question_that_takes_too_long_is_ended_by_the_server(url, entries, monkeypatch):
    store(url, entries[:60])
    monkeypatch.setattr(reading, "HISTORY_READ_MS_MAX", 20)
    reader = Reader(url)
    try:
        with pytest.raises(HistoryUnavailable, match="too long"):
            asyncio.run(reader.ask(lambda found: found.execute("SELECT pg_sleep(60)").fetchall()))
    finally:
        reader.close()


def test_a_server_that_does_not_answer_is_given_up(url, entries, monkeypatch):
    store(url, entries[:60])
    monkeypatch.setattr(reading, "HISTORY_READ_MS_MAX", 600_000)
    reader = Reader(url)

    def found(query):
        return asyncio.run(reader.ask(lambda found: found.execute(query).fetchone()))

    try:
        assert found("SELECT 1") == (1,)
        with monkeypatch.context() as impatient:
            impatient.setattr(reading, "ANSWER_MS_MAX", 50)
            with pytest.raises(HistoryUnavailable, match="doesn't answer"):
                found("SELECT pg_sleep(600)")
        assert found("SELECT 2") == (2,)
    finally:
        reader.close()  # and waits for no question


def test_a_reader_cannot_write(url, entries):
    store(url, entries[:60])
    reader = Reader(url)
    try:
        with pytest.raises(HistoryUnavailable, match="read-only"):
            asyncio.run(reader.ask(lambda found: found.execute("DELETE FROM trades")))
    finally:
        reader.close()


def test_a_database_without_tables_has_no_history_yet(url, entries):
    history = PostgresHistory(url)
    rows = told_rows_of(url)
    try:
        with pytest.raises(HistoryUnavailable, match="is being made"):
            asyncio.run(history.position())
        assert rows.position() == GENESIS
        store(url, entries)
        assert asyncio.run(history.position()) == entries[-1].position
        cut(url)
        assert asyncio.run(history.position()) == entries[-1].position
        assert rows.position() == entries[-1].position
        assert sum(map(len, rows.rows("trades", [(0, 1, 5)]))) == 5
    finally:
        history.close()


def test_no_password_is_in_a_message():
    secret = "postgresql://me:secret@127.0.0.1:1/books"
    assert shown(secret) == "postgresql://me@127.0.0.1:1/books"
    history = PostgresHistory(secret)
    with pytest.raises(HistoryUnavailable) as unreachable:
        asyncio.run(history.position())
    history.close()
    with pytest.raises(StoreUnavailable) as unwritable:
        PostgresWriter(secret).open()
    with pytest.raises(PeopleUnavailable) as unknown:
        PostgresPeople(secret).versions()
    assert "secret" not in f"{unreachable.value} {unwritable.value} {unknown.value}"


# roles


@pytest.fixture
def logins(url):
    """A prepared database, and the URL of a login in each role."""
    preparing.prepare(url, None)
    place, _, database = url.rpartition("/")
    made = {}
    for role in roles.ROLES:
        name = f"{role}_{database}"
        run(url, f"CREATE ROLE {name} LOGIN IN ROLE {role}")
        made[role] = f"{place.replace('truebook@', f'{name}@')}/{database}"
    yield made
    for role in roles.ROLES:
        run(url, f"DROP ROLE {role}_{database}")


def test_the_store_works_as_writer_and_the_api_as_reader(url, logins, entries, expected):
    store(logins[roles.WRITER], entries)
    assert dump(url) == expected
    history = PostgresHistory(logins[roles.READER])
    try:
        assert asyncio.run(history.orders(1, Page(10), after=GENESIS))[1] > 10
    finally:
        history.close()
    people = PostgresPeople(logins[roles.PEOPLE])
    people.add_salt(1, Salt(b"x" * 16, 1, 8), 0)
    assert len(people.salts(1)) == 1
    people.keep_salt(1, b"y" * 16)
    assert people.salts(1) == []
    people.close()


@pytest.mark.parametrize("role", [roles.WRITER, roles.READER, roles.PEOPLE])
@pytest.mark.parametrize("table", ["trades", "fills", "transfers"])
def test_nobody_who_works_here_can_change_what_has_happened(logins, role, table):
    for statement in (
        f"UPDATE truebook.{table} SET created_at = 0",
        f"DELETE FROM truebook.{table}",
        f"TRUNCATE truebook.{table}",
        f"DROP TABLE truebook.{table}",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            run(logins[role], statement)


def test_who_reads_sees_no_passwords_and_changes_nothing(logins):
    for statement in (
        "SELECT * FROM people.salts",
        "INSERT INTO truebook.timers VALUES (1, 1, 1)",
        "UPDATE truebook.progress SET position = ''",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            run(logins[roles.READER], statement)
    for role in (roles.WRITER, roles.CORRECTION):
        with pytest.raises(errors.InsufficientPrivilege):
            run(logins[role], "SELECT * FROM people.salts")
    with pytest.raises(errors.InsufficientPrivilege):
        run(logins[roles.PEOPLE], "SELECT * FROM truebook.trades")


def test_who_corrects_can_change_a_trade(url, logins, entries):
    store(url, entries)
    assert run(logins[roles.CORRECTION], "DELETE FROM truebook.trades").rowcount > 0


def test_void_rows_can_still_be_read_by_the_roles_and_changed_by_none(url, logins, entries):
    store(url, entries)
    assert "truebook_voided_1" in set_aside(url, [Epoch(1, str(GENESIS), "")])
    store(url, entries)
    reads = "SELECT count(*) FROM {}.trades"
    old, new = (
        run(logins[roles.READER], reads.format(schema)).fetchone()
        for schema in ("truebook_voided_1", "truebook")
    )
    assert old == new
    store(logins[roles.WRITER], entries)
    for role in roles.ROLES:
        with pytest.raises(errors.InsufficientPrivilege):
            run(logins[role], "DELETE FROM truebook_voided_1.tiers")


def test_a_store_that_may_not_put_void_rows_away_says_what_its_owner_has_to_do(logins, entries):
    store(logins[roles.WRITER], entries)
    with pytest.raises(StoreUnavailable, match="RENAME TO truebook_voided_1"):
        set_aside(logins[roles.WRITER], [Epoch(1, str(GENESIS), "")])


def test_tables_that_a_writer_may_not_make_are_asked_for(url, logins):
    run(url, "DROP SCHEMA truebook CASCADE")
    with pytest.raises(StoreUnavailable, match="truebook database prepare"):
        PostgresWriter(logins[roles.WRITER]).open()


def test_the_command_prepares_a_database_and_may_be_repeated(url, capsys):
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            cli.main(["database", "prepare", "--url", url, "--json"])
        assert ended.value.code == 0
        assert '"version":1' in capsys.readouterr().out.replace(" ", "")
    with pytest.raises(SystemExit) as ended:
        cli.main(["database", "prepare", "--url", "sqlite:///x"])
    assert ended.value.code == 1


# TimescaleDB

THERE = Probe(True, True, True, False, "timescale")


@pytest.mark.parametrize(
    ("found", "use"),
    [
        (THERE, Use.EVERYTHING),
        (THERE._replace(licence="apache"), Use.CHUNKS),
        (THERE._replace(is_installed=False, may_install=True, licence=""), Use.EVERYTHING),
        (THERE._replace(is_installed=False), Use.NOTHING),
        (Probe(True, False, False, True, ""), Use.NOTHING),
        (Probe(False, False, False, True, ""), Use.NOTHING),
    ],
)
def test_timescale_is_used_as_far_as_it_is_there(found, use):
    assert decide(found)[0] is use
    assert bool(decide(found)[1]) == (use is not Use.EVERYTHING)


def test_a_server_without_timescale_keeps_plain_tables(url, entries, expected):
    assert preparing.prepare(url, None).timescale == Use.NOTHING.value
    store(url, entries)
    assert dump(url) == expected


def test_a_server_that_says_it_has_timescale_is_believed(url):
    """The server's lists, as a server with TimescaleDB shows them."""
    for statement in (
        "CREATE SCHEMA made_up",
        "CREATE VIEW made_up.pg_available_extensions AS SELECT 'timescaledb'::name AS name",
        "CREATE VIEW made_up.pg_extension AS SELECT 'timescaledb'::name AS extname",
    ):
        run(url, statement)
    raw = connect(url, "test", {"timescaledb.license": "apache"}, "made_up, pg_catalog")
    found = timescale.probe(raw)
    raw.close()
    assert found == Probe(True, True, False, True, "apache")


def test_each_step_of_timescale_comes_after_what_it_needs():
    steps = (*timescale.CHUNKS, *timescale.AGGREGATES, *timescale.retention(7))

    def place(*words):
        return min(n for n, step in enumerate(steps) if all(word in step for word in words))

    for table in ("trades", "fills"):
        key = place("ADD PRIMARY KEY", table, "created_at")
        chunks = place("create_hypertable", table)
        clock = place("set_integer_now_func", table)
        compression = place(f"ALTER TABLE truebook.{table} SET", "compress")
        policy = place("add_compression_policy", table)
        assert key < chunks < clock < compression < policy < place("add_retention_policy", table)
    views = [place("CREATE MATERIALIZED", f"truebook.candles_{size}\n") for size in MINUTE_TO_DAY]
    assert views == sorted(views)
    assert place("FUNCTION truebook.now_ms") < place("set_integer_now_func")
    assert all("materialized_only = false" in steps[view] for view in views)


MINUTE_TO_DAY = ("1m", "1h", "1d")

# the driver


def test_the_driver_is_loaded_only_where_it_is_needed():
    program = (
        "import sys, truebook.cli.role_api, truebook.cli.role_store, truebook.cli.role_feed,"
        " truebook.store.reading, truebook.store.writing, truebook.people.opening,"
        " truebook.supervisor.supervise;"
        " sys.exit('psycopg' in sys.modules)"
    )
    sources = Path(cli.__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(sources)}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


def test_opened_tables_have_the_columns_of_sqlite(url, tmp_path):
    """The same questions can be asked of both."""
    entries, _ = trading(5, 20)
    store(url, entries)
    store(tmp_path / "database", entries)
    with opened(url) as ours, opened(tmp_path / "database") as theirs:
        for name in dump(tmp_path / "database"):
            query = f"SELECT * FROM {name} LIMIT 0"
            found = [column[0] for column in ours.execute(query).description]
            wanted = [column[0] for column in theirs.execute(query).description]
            assert found[: len(wanted)] == wanted or set(found) == set(wanted), name
