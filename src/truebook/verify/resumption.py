"""Going on after a halt: a new epoch, from the last position at which what was told is true.

Promise: the event stream ends where its events are last those that the log makes, found by making
them again; only then the halt is taken back, and it says in the log server's book from where on
what was told before is void. Killed in between, the venue stays halted, and it can be done again.
"""

from msgspec import structs

from truebook.commandlog.chain import START
from truebook.commandlog.cutting import EventStreamEnd
from truebook.commandlog.halts import Epoch, HaltBook
from truebook.commandlog.interface import GENESIS, Position, Tail
from truebook.verify.truth import NoSuchPosition, Truth

AT_ONCE = 256


class NothingHalted(Exception):
    """There is nothing to resume from."""


def resume(truth: Truth, stream: EventStreamEnd, book: HaltBook, why: str) -> Epoch:
    """Open the next epoch. `why`: what the engines say is wrong, where no halt stands in the book;
    empty: nothing. Raises NothingHalted, and what reading log and bus raises."""
    standing = book.read()
    if standing.halt is None and not why:
        raise NothingHalted("nothing is halted")
    first = GENESIS
    if standing.halt is not None and standing.halt.agreed:
        first = Position.parse(standing.halt.agreed)
    tail = true_tail(truth, stream, first)
    stream.cut(tail)
    what = why if standing.halt is None else f"{standing.halt.engine}: {standing.halt.what}"
    number = len(standing.epochs) + 1
    epoch = Epoch(number, str(tail.position), tail.event_hash.hex(), what)
    epochs = [*standing.epochs, epoch]
    book.write(structs.replace(standing, halt=None, epochs=epochs))
    return epoch


def true_tail(truth: Truth, stream: EventStreamEnd, first: Position) -> Tail:
    """The last position at which the stream's events are those that the log makes; looked for from
    `first` on, at which they are, or from where they end if that is before: engines attest what
    they have made, whether it is published already or not."""
    end = stream.tail()
    if end.position <= first:
        if end.position == GENESIS or _is_true(truth, end):
            return end
        first = GENESIS
    tail = Tail(first, truth.at(first).event_hash) if first > GENESIS else Tail(GENESIS, START)
    while True:
        entries = [e for e in stream.entries(tail.position, AT_ONCE) if e.position > tail.position]
        for entry in entries:
            published = Tail(entry.position, entry.event_hash)
            if not _is_true(truth, published):
                return tail
            tail = published
        if not entries:
            return tail


def _is_true(truth: Truth, published: Tail) -> bool:
    try:
        return truth.at(published.position).event_hash == published.event_hash
    except NoSuchPosition:
        return False
