"""The short way of plain orders, by websocket and by HTTP: what the codec (truebook/plain) does for
a gateway.

Promise: what comes of a request this way is what comes of it by order_payload.py, trading.py and
order_text.py; whatever the codec doesn't take goes that way. (tests compare the two)

What was read is in the codec's memory until something else is read: it is taken in the same moment.
"""

from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from truebook.api.authenticate import SignedText
from truebook.api.order_json import replies_of
from truebook.api.trading import Batch, Markets, Placement, Work, text_of_one, text_of_order
from truebook.commandlog.interface import Position
from truebook.directory import Directory
from truebook.limits import BATCH_ORDERS_MAX
from truebook.messages import COMMAND_BYTES, REPLY_BYTES, CommandKind, TargetBy
from truebook.plain.layout import BARE, FRAMED, LISTED, PLACES, TICKET_BYTES

if TYPE_CHECKING:
    # It takes the compiler to load: only those who run it do.
    from truebook.plain.codec import Codec

_TARGET = Struct("<B6xB8xq40x")
"""Kind, `by` and order id of a command."""
assert _TARGET.size == COMMAND_BYTES
Answer = Callable[[bytes, Callable[[], bytes]], bytes]

_CANCEL, _BY_CLIENT_ID = int(CommandKind.CANCEL), int(TargetBy.CLIENT_ID)


class PlainKind(NamedTuple):
    """What a body may be."""

    places: bool
    """Orders; otherwise a cancellation."""
    is_list: bool = False


class Requests(NamedTuple):
    """Plain requests of one session, one after the other."""

    records: bytes
    tickets: bytes
    """Their ids, as the codec keeps them."""

    def ids(self) -> Iterator[bytes]:
        """Their ids, as JSON."""
        for at in range(0, len(self.tickets), TICKET_BYTES):
            yield self.tickets[at + 1 : at + 1 + self.tickets[at]]

    def order_ids(self) -> Iterator[int | None]:
        """Whom to ask about if the outcome of one isn't known; None: its client knows."""
        for kind, by, order_id in _TARGET.iter_unpack(self.records):
            yield None if kind == _CANCEL and by == _BY_CLIENT_ID else order_id


class PlainOrders:
    """Of one gateway; `next_order_id` gives the first of so many that no other order has."""

    def __init__(
        self, codec: "Codec", directory: Directory, next_order_id: Callable[[int], int]
    ) -> None:
        self._codec = codec
        self._directory = directory
        self._next_order_id = next_order_id
        self._known_at: Position | None = None

    def _know(self) -> "Codec":
        """The codec, which knows the markets as they are now."""
        if self._known_at is not self._directory.position:
            self._known_at = self._directory.position
            self._codec.know(self._directory.markets.values())
        return self._codec

    # by websocket

    def read(self, texts: Sequence[bytes]) -> bytes:
        """What each message is (plain.layout); nothing if they are too many."""
        return self._know().read(texts)

    def requests(self, first: int, kinds: bytes, account: int) -> Requests:
        """What was read from `first` on; `kinds` says what of."""
        placed = kinds.count(PLACES)
        order_id = self._next_order_id(placed) if placed else 0
        records = self._codec.records(first, len(kinds), account, order_id)
        return Requests(records, self._codec.tickets(first, len(kinds)))

    def frames(self, some: Sequence[Requests], packed: bytes, answer: Answer) -> list[bytes]:
        """The answers to each of some, one behind the other. `answer` makes one of a request's id
        and the text of its result, which is an ApiError if it was rejected."""
        tickets = b"".join([requests.tickets for requests in some])
        count = len(packed) // REPLY_BYTES
        codec = self._know()
        told = codec.tell(packed, FRAMED, tickets)
        if told.next < count:
            return self._frames_slowly(some, packed, answer)
        stops, text = codec.stops(count), told.text
        frames: list[bytes] = []
        number = at = 0
        for requests in some:
            number += len(requests.tickets) // TICKET_BYTES
            frames.append(text[at : stops[number - 1]])
            at = stops[number - 1]
        return frames

    def _frames_slowly(
        self, some: Sequence[Requests], packed: bytes, answer: Answer
    ) -> list[bytes]:
        """The same, where not every reply is plain."""
        frames: list[bytes] = []
        for requests in some:
            ids = list(requests.ids())
            own, packed = packed[: len(ids) * REPLY_BYTES], packed[len(ids) * REPLY_BYTES :]

            def slowly(number: int, ids: list[bytes] = ids, own: bytes = own) -> bytes:
                return answer(ids[number], lambda: self._text(own, number))

            frames.append(b"".join(self._told(own, FRAMED, slowly, requests.tickets)))
        return frames

    # by HTTP

    def signed(self, body: bytes, kind: PlainKind) -> SignedText | None:
        """What is signed of a body, if it is plain."""
        count, text = self._know().read_signed(body, places=kind.places, is_list=kind.is_list)
        return SignedText(text, count) if 1 <= count <= BATCH_ORDERS_MAX else None

    def work(self, kind: PlainKind, count: int, account: int) -> Work:
        """The work of the body that was read."""
        order_id = self._next_order_id(count) if kind.places else 0
        records = self._codec.records(0, count, account, order_id)
        if kind.is_list:
            return _PlainBatch(self, records, range(order_id, order_id + count))
        if kind.places:
            return _PlainPlacement(self, records, order_id)
        (target,) = Requests(records, b"").order_ids()
        return _PlainCancellation(self, records, target)

    def text(self, packed: bytes) -> bytes:
        """The order of one reply. Raises ApiError if the command was rejected."""
        told = self._know().tell(packed, BARE)
        if told.next:
            return told.text
        (text,) = self._told(packed, BARE, lambda number: self._text(packed, number))
        return text

    def texts(self, packed: bytes) -> bytes:
        """The results of a batch."""

        def slowly(number: int) -> bytes:
            return text_of_one(lambda: self._text(packed, number))

        return b"[%b]" % b",".join(self._told(packed, LISTED, slowly))

    # by either

    def _told(
        self, packed: bytes, how: int, slowly: Callable[[int], bytes], tickets: bytes = b""
    ) -> list[bytes]:
        """The JSON of replies, in pieces; `slowly` makes that of the one with this number."""
        codec, count = self._know(), len(packed) // REPLY_BYTES
        told = codec.tell(packed, how, tickets)
        pieces: list[bytes] = []
        while told.next < count:
            pieces += (told.text, slowly(told.next))
            told = codec.tell(packed, how, tickets, told.next + 1)
        pieces.append(told.text)
        return [piece for piece in pieces if piece]

    def _text(self, packed: bytes, number: int) -> bytes:
        """The order of one of the replies, the long way. Raises ApiError if it was rejected."""
        one = packed[number * REPLY_BYTES : (number + 1) * REPLY_BYTES]
        text = text_of_order(replies_of(one)[0], self._directory.markets)
        self._codec.learn(one, text)
        return text


class _PlainPlacement(Placement):
    """A plain order."""

    __slots__ = ("_plain",)

    def __init__(self, plain: PlainOrders, records: bytes, order_id: int) -> None:
        super().__init__(records, order_id=order_id)
        self._plain = plain

    def told(self, packed: bytes, _: Markets) -> bytes:
        """See Work."""
        return self._plain.text(packed)


class _PlainCancellation(Work):
    """The cancellation of an order."""

    __slots__ = ("_plain",)

    def __init__(self, plain: PlainOrders, records: bytes, order_id: int | None) -> None:
        super().__init__(records, order_id=order_id)
        self._plain = plain

    def told(self, packed: bytes, _: Markets) -> bytes:
        """See Work."""
        return self._plain.text(packed)


class _PlainBatch(Batch):
    """Nothing but plain orders."""

    __slots__ = ("_plain",)

    def __init__(self, plain: PlainOrders, records: bytes, order_ids: Sequence[int]) -> None:
        super().__init__([records], order_ids, [None] * len(order_ids))
        self._plain = plain

    def told(self, packed: bytes, _: Markets) -> bytes:
        """See Work."""
        return self._plain.texts(packed)
