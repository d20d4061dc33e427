"""The tables, for PostgreSQL: each version of them as the step from the one before.

Promise and meaning are those of sqlite/schema.py; the tables have the same names and columns, so
the same questions can be asked. What differs, and why:

* all of it stands in the schema `truebook`: a database may serve other purposes as well;
* `orders` is a view of the table `order_rows`: PostgreSQL 15 would store computed columns, and
  compute them with each fill;
* new numbers (of notes, transfers, withdrawals, keys) are counted by the writer, which is alone:
  sequences of the server would leave gaps where a transaction failed.
"""

from truebook.store.postgres import version_1, views

MIGRATIONS: tuple[tuple[str, ...], ...] = ((*version_1.STEPS, *views.VIEWS),)
"""The statements that lead from each version to the next; an empty database has version 0. A later
one is (*views.DROPS, *version_N.STEPS, *views.VIEWS)."""

SCHEMA = "truebook"
SCHEMA_VERSION = len(MIGRATIONS)
