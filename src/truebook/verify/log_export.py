"""The log as a table for research: one row a command, as CSV or Parquet.

Promise: the file appears under its name only when it is whole. Amounts stand there twice: as
decimal text and as the whole counts (ticks, lots, atoms) that the exchange computes with.
"""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import numpy as np

from truebook.messages import COMMAND, TRANSFER, OrderType
from truebook.verify.log_reading import Read
from truebook.verify.log_words import camel, entry_words, split

Format = Literal["csv", "parquet"]
ROWS_AT_ONCE = 50_000

COLUMNS: dict[str, type] = {
    "position": str,
    "time_ms": int,
    "status": str,
    "gateway": int,
    "sequence": int,
    "command": int,
    "kind": str,
    "account": int,
    "market": str,
    "side": str,
    "order_type": str,
    "time_in_force": str,
    "self_trade": str,
    "post_only": bool,
    "order_id": int,
    "client_id": int,
    "price": str,
    "quantity": str,
    "quote_quantity": str,
    "price_ticks": int,
    "quantity_lots": int,
    "quote_quantity_atoms": int,
    "asset": str,
    "amount": str,
    "amount_atoms": int,
    "details": str,
}
"""Empty where a command has no such field; `details` has, as JSON, what has no column."""

_COLUMN = {camel(name): name for name in COLUMNS}
"""The column of a field of EntryWords' commands."""

Row = dict[str, Any]


class MissingExtra(Exception):
    """Parquet needs a package that isn't installed."""


class _Table(Protocol):
    def write(self, rows: list[Row]) -> None: ...

    def close(self) -> None: ...


def export(entries: Iterable[Read], path: Path, form: Format) -> int:
    """Write the commands of the entries; how many rows there are. Raises MissingExtra, OSError."""
    temporary = path.with_name(path.name + ".new")
    table = _CsvTable(temporary) if form == "csv" else _parquet_table(temporary)
    count = 0
    try:
        rows: list[Row] = []
        for row in rows_of(entries):
            rows.append(row)
            if len(rows) == ROWS_AT_ONCE:
                table.write(rows)
                count += len(rows)
                rows = []
        table.write(rows)
        table.close()
    except BaseException:
        table.close()
        temporary.unlink(missing_ok=True)
        raise
    temporary.replace(path)
    return count + len(rows)


def rows_of(entries: Iterable[Read]) -> Iterator[Row]:
    """One row a command."""
    for entry, judged, directory in entries:
        words = entry_words(entry, judged, directory)
        records = split(entry.data) if judged.gateway else [b""]
        for number, (command, data) in enumerate(zip(words.commands, records, strict=True)):
            row: Row = {
                "position": words.position,
                "time_ms": words.time_ms,
                "status": words.status,
                "gateway": words.gateway,
                "sequence": words.sequence,
                "command": number,
            }
            rest: dict[str, Any] = {}
            is_setting = command["kind"].startswith("SET_")
            for name, value in command.items():
                if name == "kind" or (name in _COLUMN and not is_setting):
                    row[_COLUMN[name]] = value
                else:
                    rest[name] = value
            if rest:
                row["details"] = msgspec.json.encode(rest).decode()
            _add_counts(row, command["kind"], data)
            yield row


def _add_counts(row: Row, kind: str, data: bytes) -> None:
    """The whole counts behind the decimals."""
    if kind in ("PLACE", "AMEND"):
        values = np.frombuffer(data, COMMAND)[0]
        by_quote = values["order_type"] == OrderType.MARKET_BY_QUOTE
        row["quote_quantity_atoms" if by_quote else "quantity_lots"] = int(values["quantity"])
        if values["order_type"] == OrderType.LIMIT:
            row["price_ticks"] = int(values["price"])
    elif kind in ("DEPOSIT", "WITHDRAW"):
        row["amount_atoms"] = int(np.frombuffer(data, TRANSFER)[0]["amount"])


class _CsvTable:
    def __init__(self, path: Path) -> None:
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.DictWriter(self._file, COLUMNS, restval="")
        self._writer.writeheader()

    def write(self, rows: list[Row]) -> None:
        self._writer.writerows(rows)

    def close(self) -> None:
        self._file.close()


def _parquet_table(path: Path) -> _Table:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra(
            "Parquet needs the package pyarrow: pip install 'truebook[export]', or --format csv"
        ) from None
    types = {str: pyarrow.string(), int: pyarrow.int64(), bool: pyarrow.bool_()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    writer = parquet.ParquetWriter(path, schema)

    class ParquetTable:
        def write(self, rows: list[Row]) -> None:
            writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))

        def close(self) -> None:
            writer.close()

    return ParquetTable()
