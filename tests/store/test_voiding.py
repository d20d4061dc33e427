"""What a resumption declares void is put away whole, once, and made anew."""

from store.database import store
from venue.snapshotted import Exchange, work

from truebook.commandlog.halts import Epoch
from truebook.commandlog.interface import GENESIS
from truebook.store.reading import state_of
from truebook.store.sqlite.place import url_of
from truebook.store.sqlite.voiding import set_aside, voided_path


def stored(tmp_path):
    """A database of five orders, and its position."""
    exchange = Exchange(tmp_path)
    node = exchange.node()
    exchange.found()
    for number in range(2, 6):
        exchange.trade(number)
    work(node)
    node.close()
    path = tmp_path / "database.sqlite"
    store(path, exchange.bus.entries)
    return path, exchange.bus.entries


def epoch_from(number, entry):
    return Epoch(number, str(entry.position), entry.event_hash.hex())


def test_a_database_with_void_rows_is_kept_whole_under_another_name(tmp_path):
    path, entries = stored(tmp_path)
    epoch = epoch_from(1, entries[-3])
    before = state_of(url_of(path))
    away = set_aside(path, [epoch])
    assert away == voided_path(path, epoch)
    assert not path.exists()
    kept = state_of(url_of(away))
    assert kept.position == before.position
    store(path, entries[:-2])
    assert state_of(url_of(path)).position == entries[-3].position


def test_it_happens_once_an_epoch(tmp_path):
    path, entries = stored(tmp_path)
    epochs = [epoch_from(1, entries[-3])]
    assert set_aside(path, epochs) is not None
    store(path, entries)
    assert set_aside(path, epochs) is None, "another log is for the operator to look at"
    assert path.exists()
    epochs.append(epoch_from(2, entries[-2]))
    assert set_aside(path, epochs) is not None


def test_a_database_that_has_nothing_void_stays(tmp_path):
    path, entries = stored(tmp_path)
    assert set_aside(path, []) is None
    assert set_aside(path, [epoch_from(1, entries[-1])]) is None
    assert set_aside(tmp_path / "none", [Epoch(1, str(GENESIS), "")]) is None
    assert path.exists()
