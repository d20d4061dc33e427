"""Who owns what: balances, holds and fees.

Promise: no balance is ever below zero, and for each asset the sum of all balances, available and
locked, the venue's included, is what was deposited and not withdrawn (`supply`). Every method moves
whole atoms and raises LedgerError, a bug, rather than break the promise: callers check first.
"""

from dataclasses import dataclass

from truebook.limits import AMOUNT_MAX, BASIS_POINTS
from truebook.messages import VENUE_ACCOUNT


class LedgerError(AssertionError):
    """The engine asked for a movement that the balances don't cover: a bug."""


@dataclass(slots=True, eq=False)
class Funds:
    """Atoms of one asset that one account holds."""

    available: int = 0
    locked: int = 0


class Ledger:
    """The balances of all accounts in all assets."""

    __slots__ = ("balances", "moved", "supply")

    def __init__(self) -> None:
        self.balances: dict[tuple[int, int], Funds] = {}
        """By account and asset; none for an account that never held the asset."""
        self.moved: dict[tuple[int, int], None] = {}
        """What the present entry's commands moved, in the order of their first time."""
        self.supply: dict[int, int] = {}
        """By asset: deposits − withdrawals."""

    def available(self, account: int, asset: int) -> int:
        """Return what the account can spend, in atoms."""
        funds = self.balances.get((account, asset))
        return 0 if funds is None else funds.available

    def deposit(self, account: int, asset: int, atoms: int) -> None:
        """Bring atoms into the exchange."""
        self.supply[asset] = self.supply.get(asset, 0) + atoms
        if self.supply[asset] > AMOUNT_MAX:
            raise LedgerError("the supply")
        self._move(account, asset, atoms, 0)

    def withdraw(self, account: int, asset: int, atoms: int) -> None:
        """Take available atoms out of the exchange."""
        self.supply[asset] -= atoms
        self._move(account, asset, -atoms, 0)

    def withdraw_locked(self, account: int, asset: int, atoms: int) -> None:
        """Take locked atoms out of the exchange."""
        self.supply[asset] -= atoms
        self._move(account, asset, 0, -atoms)

    def hold(self, account: int, asset: int, atoms: int) -> None:
        """Lock available atoms for an order that rests or a withdrawal that was requested."""
        self._move(account, asset, -atoms, atoms)

    def release(self, account: int, asset: int, atoms: int) -> None:
        """Make locked atoms available again."""
        self._move(account, asset, atoms, -atoms)

    def spend_available(self, account: int, asset: int, atoms: int) -> None:
        """Take what a taker gives in a fill."""
        self._move(account, asset, -atoms, 0)

    def spend_locked(self, account: int, asset: int, atoms: int) -> None:
        """Take what a maker gives in a fill."""
        self._move(account, asset, 0, -atoms)

    def receive(self, account: int, asset: int, atoms: int, rate_bp: int) -> int:
        """Credit what a fill brings less the fee, and the venue the fee; return the fee in atoms.

        A rebate (a negative fee) is paid as far as the venue has it.
        """
        charged = max(fee(atoms, rate_bp), -self.available(VENUE_ACCOUNT, asset))
        self._move(account, asset, atoms - charged, 0)
        if charged:
            self._move(VENUE_ACCOUNT, asset, charged, 0)
        return charged

    def note(self, account: int, asset: int) -> None:
        """A command moves this balance, be it by nothing."""
        self.moved.setdefault((account, asset))

    def _move(self, account: int, asset: int, available: int, locked: int) -> None:
        self.note(account, asset)
        funds = self.balances.get((account, asset))
        if funds is None:
            funds = self.balances[account, asset] = Funds()
        funds.available += available
        funds.locked += locked
        if funds.available < 0 or funds.locked < 0:
            raise LedgerError(f"account {account} would hold less than nothing of asset {asset}")


def fee(atoms: int, rate_bp: int) -> int:
    """Return the fee on what was received, rounded up: in the venue's favour."""
    whole, rest = divmod(atoms, BASIS_POINTS)
    return whole * rate_bp - (-rest * rate_bp // BASIS_POINTS)
