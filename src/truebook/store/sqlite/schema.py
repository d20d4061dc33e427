"""The tables, for SQLite: each version of them as the step from the one before.

Promise: a database of any earlier version is brought to the present one when it is opened for
writing, forward only, each step with its number in one transaction. What the state hash covers
(engine/fingerprint.py) is all there, so an engine can be rebuilt from it.

Numbers are as the engine has them: prices in ticks, quantities in lots, amounts in atoms, times in
milliseconds since 1970 (candles: seconds). The grids stand in `markets` and `assets`; the views
named readable_… show decimals. Columns of the third seed have its names.

How rows are kept, and why:

* `orders` by id. An engine only refuses an id that rests or is pending, so another gateway's
  mistake may use one twice: the account and its sequence make the key unique. Side, type, status
  and created_at are computed when they are read: they cost nothing to write.
* `fills` by account and account sequence: an account's history is one range. There is no index by
  order: an order's fills lie between its accepted_sequence and its closed_sequence.
* `trades` and `candles` by market and number or start: what is read together stands together.
"""

from truebook.store.sqlite import version_1, version_2, views

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    version_1.FIRST,
    (*views.DROPS, *version_2.STEPS, *views.VIEWS),
)
"""The statements that lead from each version to the next; an empty database has version 0."""

SCHEMA_VERSION = len(MIGRATIONS)
