"""Balances as they follow from events: booked from trades and holds, then compared with BALANCE.

Every change is computed here from what happened; a BALANCE event must say the same, and at the end
of an entry every changed balance must have been said, once (I1, I2, I6, I7).
"""

from collections import defaultdict

from truebook.messages import WithdrawalState

AMOUNT_MAX = 1 << 62


class FoldedFunds:
    """What every account has, available and locked."""

    def __init__(self) -> None:
        self.available: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.locked: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.supply: defaultdict[int, int] = defaultdict(int)
        self.unsaid: set[tuple[int, int]] = set()
        """Balances that changed since their last BALANCE event."""
        self.withdrawals: dict[int, tuple[int, int, int]] = {}
        """Pending ones by id: account, asset, atoms."""
        self.references: set[bytes] = set()
        """Of every deposit that had one."""
        self.is_saying = False
        """Whether BALANCE events have begun: then the entry has no others."""

    def move(self, account: int, asset: int, available: int, locked: int = 0) -> None:
        """Book a change."""
        key = account, asset
        self.available[key] += available
        self.locked[key] += locked
        self.unsaid.add(key)

    def transfer(self, account: int, asset: int, atoms: int) -> None:
        """Book a deposit, or a withdrawal of −atoms."""
        self.supply[asset] += atoms
        self.move(account, asset, atoms)

    def withdraw(self, number: int, state: int, wanted: tuple[int, int, int]) -> None:
        """Book a requested withdrawal, (account, asset, atoms), or what became of it."""
        account, asset, atoms = wanted
        if state == WithdrawalState.PENDING:
            assert number not in self.withdrawals, f"withdrawal {number} was requested twice"
            self.withdrawals[number] = wanted
            self.move(account, asset, -atoms, atoms)
            return
        assert self.withdrawals.pop(number) == wanted, f"withdrawal {number} was another"
        if state == WithdrawalState.CONFIRMED:
            self.supply[asset] -= atoms
            self.move(account, asset, 0, -atoms)
        else:
            self.move(account, asset, atoms, -atoms)

    def refer(self, reference: bytes) -> None:
        """Note a deposit's reference: it counts once."""
        assert reference not in self.references, "a deposit counts twice"
        self.references.add(reference)

    def said(self, account: int, asset: int, available: int, locked: int) -> None:
        """Compare a BALANCE event with what was booked."""
        key = account, asset
        booked = self.available[key], self.locked[key]
        assert booked == (available, locked), (
            f"I6: account {account}, asset {asset}: BALANCE says {(available, locked)}, "
            f"the events before it make {booked}"
        )
        assert 0 <= available <= AMOUNT_MAX, f"I2: account {account} has {available}"
        assert 0 <= locked <= AMOUNT_MAX, f"I2: account {account} has {locked} locked"
        assert key in self.unsaid, f"I7: account {account}, asset {asset}: BALANCE for nothing"
        self.unsaid.remove(key)
        self.is_saying = True

    def check_said(self) -> None:
        """At the end of an entry: every balance that its commands changed was told."""
        self.is_saying = False
        assert not self.unsaid, f"I7: no BALANCE for (account, asset) {sorted(self.unsaid)}"

    def check_conserved(self) -> None:
        """Nothing was made or lost (I1)."""
        sums: defaultdict[int, int] = defaultdict(int)
        for (_, asset), atoms in [*self.available.items(), *self.locked.items()]:
            sums[asset] += atoms
        for asset, total in sums.items():
            assert total == self.supply[asset], (
                f"I1: asset {asset}: {total} of {self.supply[asset]}"
            )
