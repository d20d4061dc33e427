"""A proof made from a snapshot, from the log, and audited, after random trading."""

import random
from functools import partial

import pytest
from venue.snapshotted import Exchange, work

from truebook import commands
from truebook.clock import ManualClock
from truebook.commandlog.interface import GENESIS, Position
from truebook.commandlog.keyfile import attestation_key
from truebook.commandlog.memory import MemoryLogReader
from truebook.engine.naive.engine import NaiveEngine
from truebook.messages import OrderType, Side, WithdrawalState
from truebook.proof.from_snapshot import state_of
from truebook.proof.making import NoSigner, keys_of, make
from truebook.snapshots.file import SnapshotDamaged
from truebook.snapshots.folder import kept_by_all
from truebook.snapshots.restoring import SnapshotForeign
from truebook.verify.liabilities import audit, state_at

TRADERS = 8


class Traded:
    """An exchange on which eight have traded, deposited and withdrawn; a snapshot of its end."""

    def __init__(self, folder):
        self.exchange = Exchange(folder)
        self.log = MemoryLogReader(self.exchange.log)
        node = self.exchange.node()
        self.exchange.found()
        key = attestation_key(folder / "keys", "engine-1")
        public_key = bytes(key.verify_key)
        self.exchange.write(
            commands.set_attester(slot=0, public_key=public_key, name="engine-1", trusted=True)
        )
        self._trade(random.Random(1))
        work(node)
        self.exchange.snapshot(node)
        node.close()
        self.kept = kept_by_all(self.exchange.root)
        self.end = self.exchange.log.entries[-1].position
        self.keys = partial(keys_of, folder=folder / "keys")

    def _trade(self, drawn):
        write = self.exchange.write
        for account in range(2, 2 + TRADERS):
            write(commands.set_account(name=f"trader {account}"))
            for asset in (0, 1):
                write(commands.deposit(account=account, asset=asset, amount=10**13))
        for number in range(100, 400):
            account = drawn.randrange(2, 2 + TRADERS)
            order = commands.place(
                account=account,
                market=0,
                order_id=number,
                side=drawn.choice(list(Side)),
                order_type=OrderType.LIMIT,
                price=10_000 + drawn.randrange(-20, 20),
                quantity=drawn.randrange(1, 300),
            )
            amount = drawn.randrange(1, 10**6)
            wanted = {"account": account, "asset": 0, "amount": amount}
            asked = commands.request_withdrawal(withdrawal_id=number, **wanted)
            settled = commands.settle_withdrawal(
                withdrawal_id=drawn.randrange(100, number + 1),
                state=drawn.choice([WithdrawalState.CONFIRMED, WithdrawalState.REFUSED]),
            )
            write(order, asked, settled, commands.withdraw(**wanted))

    def at(self, to=None, kept=()):
        return state_at(self.log, kept, NaiveEngine, ManualClock(), self.end if to is None else to)

    def audited(self, statement):
        return list(audit(self.log, NaiveEngine(), statement, self.keys, lambda share: None))

    def made(self, state):
        return make(state, self.keys(state.tables))


@pytest.fixture(scope="module")
def traded(tmp_path_factory):
    return Traded(tmp_path_factory.mktemp("traded"))


@pytest.fixture(scope="module")
def statement(traded):
    return traded.made(traded.at()).statement


def test_log_and_snapshot_give_the_same_proof(traded):
    assert traded.kept[0].position == traded.end
    of_snapshot = traded.made(state_of(traded.kept[0], traded.log.chain_at))
    assert of_snapshot.text == traded.made(traded.at()).text
    assert of_snapshot.text == traded.made(traded.at(kept=traded.kept)).text


def test_an_audit_passes_what_the_log_makes(traded, statement):
    assert traded.audited(statement) == []
    assert statement.assets[0].leaves == TRADERS + 2  # the venue has earned fees
    halfway = traded.exchange.log.entries[150].position
    earlier = traded.made(traded.at(halfway)).statement
    assert earlier.position == halfway
    assert traded.audited(earlier) == []


def test_totals_are_deposits_less_withdrawals(traded, statement):
    tables = traded.at().tables
    for asset in statement.assets:
        held = tables.balances[tables.balances["asset"] == asset.number]
        assert asset.root.sum == int((held["available"] + held["locked"]).sum())
    assert 0 < statement.assets[0].root.sum < TRADERS * 10**13 + 10**9


def test_an_audit_names_what_differs(traded, statement):
    def found(**changed):
        return "; ".join(traded.audited(statement._replace(**changed)))

    usdc, *others = statement.assets
    more = usdc._replace(root=usdc.root._replace(sum=usdc.root.sum + 1))
    text = found(assets=(more, *others))
    assert f"a total of {usdc.root.sum + 1} atoms, but {usdc.root.sum} were deposited" in text
    another = usdc._replace(root=usdc.root._replace(hash=b"x" * 32))
    assert found(assets=(another, *others)) == "USDC: the log makes another tree"
    assert found(assets=tuple(others)) == "USDC is missing"
    assert "another state" in found(state_hash=bytes(16))
    assert "another log" in found(chain=bytes(32))
    assert "has no entry 5-0" in found(position=Position(5, 0))
    assert "has no entry" in found(position=Position(traded.end.high + 9, 0))


def test_before_the_first_entry_and_before_the_first_key_there_is_no_proof(traded):
    assert traded.at(GENESIS) is None
    with pytest.raises(NoSigner):
        traded.made(traded.at(traded.exchange.log.entries[0].position))


def test_a_snapshot_of_another_log_or_another_state_gives_no_proof(traded, tmp_path):
    with pytest.raises(SnapshotForeign):
        state_of(traded.kept[0], lambda position: b"x" * 32)
    copy = tmp_path / traded.kept[0].path.name
    data = bytearray(traded.kept[0].path.read_bytes())
    data[-9] ^= 1
    copy.write_bytes(data)
    with pytest.raises(SnapshotDamaged):
        state_of(traded.kept[0]._replace(path=copy), traded.log.chain_at)
