"""The classes of the founding notes: lists, sides and books."""

from truebook.engine.naive.book import LinkedList, ListNode, Order, OrderBook, OrderBookSide
from truebook.messages import Side


def order(order_id: int, price: int = 100, side: Side = Side.BID) -> Order:
    return Order(
        id=order_id,
        user_id=1,
        market=0,
        side=side,
        type=0,
        time_in_force=0,
        self_trade=0,
        price=price,
        original_qty=5,
        remaining_qty=5,
        client_id=0,
        has_client_id=False,
        post_only=False,
        ts=0,
    )


def ids(level: LinkedList) -> list[int]:
    return [each.id for each in level.to_array()]


def backwards(level: LinkedList) -> list[int]:
    found, node = [], level.tail
    while node is not None:
        found.append(node.order.id)
        node = node.prev
    return found


def test_a_list_is_first_in_first_out():
    level = LinkedList()
    for number in (1, 2, 3):
        level.push_tail(ListNode(order(number)))
    assert [level.pop_head().order.id for _ in range(3)] == [1, 2, 3]
    assert (level.head, level.tail, level.length) == (None, None, 0)


def test_a_node_leaves_from_anywhere_and_the_links_stay_whole():
    for gone in (1, 2, 3):
        level = LinkedList()
        nodes = {number: ListNode(order(number)) for number in (1, 2, 3)}
        for node in nodes.values():
            level.push_tail(node)
        level.remove(nodes[gone])
        left = [number for number in (1, 2, 3) if number != gone]
        assert ids(level) == left
        assert backwards(level) == left[::-1]
        assert level.length == 2


def test_bids_stand_highest_first_and_asks_lowest_first():
    bids, asks = OrderBookSide(is_bid=True), OrderBookSide(is_bid=False)
    for number, price in enumerate((100, 102, 99, 101)):
        bids.add(order(number, price))
        asks.add(order(number, price, Side.ASK))
    assert bids.price_levels == [102, 101, 100, 99]
    assert asks.price_levels == [99, 100, 101, 102]
    assert (bids.best_price(), asks.best_price()) == (102, 99)
    assert [each.id for each in bids] == [1, 3, 0, 2]


def test_a_level_goes_with_its_last_order():
    side = OrderBookSide(is_bid=True)
    side.add(order(1))
    side.add(order(2))
    side.remove(1)
    assert side.first().id == 2
    side.remove(2)
    assert (side.price_levels, side.level_map, side.order_map) == ([], {}, {})
    assert side.best_price() is None


def test_a_book_knows_where_an_order_rests_and_what_it_trades_with():
    book = OrderBook("SOL_USDC")
    assert book.side(Side.BID) is book.opposite(Side.ASK) is book.bids
    assert book.side(Side.ASK) is book.opposite(Side.BID) is book.asks
    assert book.last_trade_price == 0
