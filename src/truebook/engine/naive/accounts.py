"""SET_ACCOUNT and SET_KEY: who may trade, on which terms, with which keys."""

from truebook.engine.naive import records, settingevents
from truebook.engine.naive.checks import NONE
from truebook.engine.naive.configuring import is_padded
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.settings import Account, Key
from truebook.engine.naive.state import State
from truebook.limits import ACCOUNTS_MAX, KEYS_MAX, TIERS_MAX
from truebook.messages import NEW_ACCOUNT, AccountFlag, Permission, RejectCode

BLOCKED = int(AccountFlag.BLOCKED)  # inverting an IntFlag would drop the unknown bits
ALL_PERMISSIONS = int(Permission.READ | Permission.TRADE | Permission.WITHDRAW | Permission.ADMIN)


def set_account(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a SET_ACCOUNT, or return why not."""
    fields = records.SET_ACCOUNT.unpack(record)
    _, _, flags, tier, zero_1, number, open_orders_max, name, zero_2 = fields
    if any(zero_1) or any(zero_2):
        return RejectCode.MALFORMED
    if flags & ~BLOCKED or tier >= TIERS_MAX or name[0] == 0 or not is_padded(name):
        return RejectCode.SETTING_INVALID
    if state.version >= 2 and not state.tiers[tier].is_set:
        return RejectCode.SETTING_INVALID
    existing = len(state.accounts)
    number = existing if number == NEW_ACCOUNT else number
    if number > existing:
        return RejectCode.UNKNOWN_ACCOUNT
    if number == ACCOUNTS_MAX:
        return RejectCode.SETTINGS_FULL
    if state.names.get(name, number) != number:
        return RejectCode.NAME_TAKEN
    if number == existing:
        state.accounts.append(Account(number, tier, flags, open_orders_max, name))
    account = state.accounts[number]
    state.names.pop(account.name, None)
    state.names[name] = number
    account.tier, account.flags = tier, flags
    account.open_orders_max, account.name = open_orders_max, name
    journal.settings(settingevents.account_set(account, journal.command))
    journal.done(number)
    return NONE


def set_key(state: State, journal: Journal, record: bytes) -> RejectCode:
    """Carry out a SET_KEY, or return why not."""
    fields = records.SET_KEY.unpack(record)
    _, _, permissions, zero_1, account, zero_2, expires_ms, public_key, zero_3 = fields
    if any(zero_1) or zero_2 or any(zero_3):
        return RejectCode.MALFORMED
    if permissions & ~ALL_PERMISSIONS or expires_ms < 0 or not any(public_key):
        return RejectCode.SETTING_INVALID
    if account >= len(state.accounts):
        return RejectCode.UNKNOWN_ACCOUNT
    existing = state.keys.get(public_key)
    if existing is None and len(state.keys) == KEYS_MAX:
        return RejectCode.SETTINGS_FULL
    if existing is not None and existing.account != account:
        return RejectCode.KEY_TAKEN
    key = Key(public_key, account, permissions, expires_ms)
    state.keys[public_key] = key
    journal.settings(settingevents.key_set(key, journal.command))
    journal.done(account)
    return NONE
