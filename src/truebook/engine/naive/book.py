"""A market's book of orders, in the classes of the founding notes.

Promise: orders stand by price, then by time. A side holds its prices sorted, best first
(`price_levels`), for each price a doubly linked list of its orders, oldest first (`level_map`), and
for each order its price and node (`order_map`), so that any order is removed without a search.
"""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from operator import neg

from truebook.messages import Side


@dataclass(slots=True, eq=False)
class Order:
    """An order, resting, pending or being matched. Prices in ticks, quantities in lots.

    Of a MARKET_BY_QUOTE order `original_qty` and `remaining_qty` are quote atoms, of a pending one
    with ORDER_PERCENT basis points; a pending market order's `price` is its slippage.
    """

    id: int
    user_id: int
    market: int
    side: int
    type: int
    time_in_force: int
    self_trade: int
    price: int
    original_qty: int
    remaining_qty: int
    client_id: int
    has_client_id: bool
    post_only: bool
    ts: int
    """Milliseconds: the engine's time when it was placed."""
    executed_qty: int = 0
    executed_quote: int = 0
    """Quote atoms."""
    priority: int = 0
    """The market sequence of the event that put it in the book, or made it pending."""
    more_flags: int = 0
    """Those of ORDER_SLIPPAGE_… and ORDER_TRIGGER … ORDER_PERCENT that it has."""
    trigger_price: int = 0
    """Ticks, while it is pending; else 0."""
    is_tightened: bool = False
    """Its slippage made the protective price strictly tighter; for its matching only."""

    @property
    def is_pending(self) -> bool:
        """Tell whether it waits for its trigger price, outside the book."""
        return self.trigger_price > 0


class ListNode:
    """An order's place in the queue of its price level."""

    __slots__ = ("next", "order", "prev")

    def __init__(self, order: Order) -> None:
        self.order = order
        self.prev: ListNode | None = None
        self.next: ListNode | None = None


class LinkedList:
    """The queue of one price level: first in, first out."""

    __slots__ = ("head", "length", "tail")

    def __init__(self) -> None:
        self.head: ListNode | None = None
        self.tail: ListNode | None = None
        self.length = 0

    def push_tail(self, node: ListNode) -> None:
        """Append a node that is in no list."""
        node.prev = self.tail
        if self.tail is None:
            self.head = node
        else:
            self.tail.next = node
        self.tail = node
        self.length += 1

    def pop_head(self) -> ListNode:
        """Remove and return the first node of a list that is not empty."""
        node = self.head
        if node is None:
            raise IndexError("an empty level")
        self.remove(node)
        return node

    def remove(self, node: ListNode) -> None:
        """Take out a node of this list, wherever it stands."""
        if node.prev is None:
            self.head = node.next
        else:
            node.prev.next = node.next
        if node.next is None:
            self.tail = node.prev
        else:
            node.next.prev = node.prev
        node.prev = node.next = None
        self.length -= 1

    def __iter__(self) -> Iterator[Order]:
        """Yield the orders, oldest first."""
        node = self.head
        while node is not None:
            yield node.order
            node = node.next

    def to_array(self) -> list[Order]:
        """Return the orders, oldest first."""
        return list(self)


class OrderBookSide:
    """The bids or the asks of one market."""

    __slots__ = ("is_bid", "level_map", "order_map", "price_levels")

    def __init__(self, is_bid: bool) -> None:
        self.is_bid = is_bid
        self.price_levels: list[int] = []
        self.level_map: dict[int, LinkedList] = {}
        self.order_map: dict[int, tuple[int, ListNode]] = {}

    def best_price(self) -> int | None:
        """Return the highest bid or lowest ask; None if there is none."""
        return self.price_levels[0] if self.price_levels else None

    def first(self) -> Order:
        """Return the oldest order at the best price of a side that is not empty."""
        head = self.level_map[self.price_levels[0]].head
        if head is None:
            raise IndexError("a level without orders")
        return head.order

    def add(self, order: Order) -> None:
        """Put an order last in the queue of its price."""
        level = self.level_map.get(order.price)
        if level is None:
            level = self.level_map[order.price] = LinkedList()
            insort(self.price_levels, order.price, key=neg if self.is_bid else None)
        node = ListNode(order)
        level.push_tail(node)
        self.order_map[order.id] = (order.price, node)

    def remove(self, order_id: int) -> None:
        """Take an order out, and its level if that is empty then."""
        price, node = self.order_map.pop(order_id)
        level = self.level_map[price]
        level.remove(node)
        if level.length == 0:
            del self.level_map[price]
            self.price_levels.remove(price)

    def __iter__(self) -> Iterator[Order]:
        """Yield the orders as a taker meets them: best price first, oldest first."""
        for price in self.price_levels:
            yield from self.level_map[price]


class OrderBook:
    """Both sides of one market."""

    __slots__ = ("asks", "bids", "last_trade_price", "symbol")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bids = OrderBookSide(is_bid=True)
        self.asks = OrderBookSide(is_bid=False)
        self.last_trade_price = 0
        """Ticks; 0 before the first trade."""

    def side(self, side: int) -> OrderBookSide:
        """Return the side where an order of `side` rests."""
        return self.bids if side == Side.BID else self.asks

    def opposite(self, side: int) -> OrderBookSide:
        """Return the side that an order of `side` trades with."""
        return self.asks if side == Side.BID else self.bids
