"""The price index: each book's levels in order, found by key in a handful of steps.

Promise: the best level is at hand; finding, adding or removing a level costs about four memory
lines whatever the number of levels and however far apart their prices; any price the market allows
can be held, without a window or a rebalancing.

How it works. A book's levels form a list from best to worst, and a path-compressed trie over their
keys finds the place of a new one. A level's **key** is its price for asks and −price for bids, so
that on both sides smaller is better and one code serves both. Each node of the trie tells 64
children apart by six bits of the key (`key >> shift & 63`), has a word of bits for those that
exist, and covers the keys with `key >> (shift + 6) == prefix`. Leaves have shift 0 and hold levels;
a node that is no leaf has at least two children, so there is at most one node a level.
"""

from typing import Any

import numpy as np

from truebook.engine.compiled import highest_bit, inlined, lowest_bit, unsigned
from truebook.engine.state import (
    State,
    book_at,
    fetch_level,
    level_at,
    meta_of,
    node_at,
)

_ONE = np.uint64(1)


@inlined
def _bit(digit: Any) -> Any:
    return _ONE << unsigned(digit)


@inlined
def _below(bits: Any, digit: Any) -> Any:
    """The bits below `digit`."""
    return bits & (_bit(digit) - _ONE)


@inlined
def _new_node(s: State, shift: Any, prefix: Any, parent: Any) -> Any:
    meta = meta_of(s)
    node = meta.nodes_free
    if node != 0:
        meta.nodes_free = np.int64(node_at(s, node).parent)
    else:
        meta.nodes_top += 1
        node = meta.nodes_top
    node_at(s, node).bits = np.uint64(0)
    node_at(s, node).prefix = prefix
    node_at(s, node).shift = shift
    node_at(s, node).parent = parent
    return node


@inlined
def _free_node(s: State, node: Any) -> None:
    node_at(s, node).parent = meta_of(s).nodes_free
    meta_of(s).nodes_free = node


@inlined
def _digit_in_parent(s: State, node: Any, parent: Any) -> Any:
    shift = np.int64(node_at(s, parent).shift) - node_at(s, node).shift - 6
    return (node_at(s, node).prefix >> shift) & 63


@inlined
def _set_child(s: State, node: Any, digit: Any, child: Any) -> None:
    node_at(s, node).bits = node_at(s, node).bits | _bit(digit)
    node_at(s, node).children[digit] = child


@inlined
def _new_parent(s: State, book: Any, node: Any, key: Any) -> Any:
    """A node above `node` that also covers `key`, in its place."""
    low = np.int64(node_at(s, node).shift)
    prefix = node_at(s, node).prefix
    shift = low + 6
    while key >> (shift + 6) != prefix >> (shift - low):
        shift += 6
    above = np.int64(node_at(s, node).parent)
    made = _new_node(s, shift, key >> (shift + 6), above)
    if above == 0:
        book_at(s, book).root = made
    else:
        node_at(s, above).children[_digit_in_parent(s, made, above)] = made
    node_at(s, node).parent = made
    _set_child(s, made, (prefix >> (shift - low - 6)) & 63, node)
    return made


@inlined
def leaf_for(s: State, book: Any, key: Any) -> Any:
    """The leaf that covers `key`, made if it isn't there."""
    node = np.int64(book_at(s, book).root)
    if node == 0:
        node = _new_node(s, 0, key >> 6, 0)
        book_at(s, book).root = node
        return node
    while True:
        shift = np.int64(node_at(s, node).shift)
        if key >> (shift + 6) != node_at(s, node).prefix:
            node = _new_parent(s, book, node, key)
            shift = np.int64(node_at(s, node).shift)
        if shift == 0:
            return node
        digit = (key >> shift) & 63
        if node_at(s, node).bits & _bit(digit) == 0:
            leaf = _new_node(s, 0, key >> 6, node)
            _set_child(s, node, digit, leaf)
            return leaf
        node = np.int64(node_at(s, node).children[digit])


@inlined
def leaf_ahead(s: State, root: Any, key: Any) -> Any:
    """The leaf that covers `key`, or would: for lookahead.py, which may guess wrongly."""
    node = root
    while node != 0:
        here = node_at(s, node)
        shift = np.int64(here.shift)
        if shift == 0 or key >> (shift + 6) != here.prefix:
            break
        node = np.int64(here.children[(key >> shift) & 63])
        if shift == 6:
            break
    return node


@inlined
def level_ahead(s: State, leaf: Any, key: Any) -> Any:
    """The level of that key in the leaf, if it is there, and the levels beside it are brought
    near, else."""
    here = node_at(s, leaf)
    digit = key & 63
    bits = here.bits
    level = np.int64(here.children[digit])
    fetch_level(s, level)
    if bits & _bit(digit) == 0:
        below = _below(bits, digit)
        above = bits & ~below
        if below != 0:
            fetch_level(s, here.children[highest_bit(below)])
        if above != 0:
            fetch_level(s, here.children[lowest_bit(above)])
    return level


@inlined
def _better_in_tree(s: State, leaf: Any, key: Any) -> Any:
    """The level with the largest key below `key` in another leaf; 0: none."""
    node = leaf
    while True:
        parent = np.int64(node_at(s, node).parent)
        if parent == 0:
            return np.int64(0)
        bits = _below(node_at(s, parent).bits, _digit_in_parent(s, node, parent))
        if bits != 0:
            node = np.int64(node_at(s, parent).children[highest_bit(bits)])
            break
        node = parent
    while node_at(s, node).shift != 0:
        node = np.int64(node_at(s, node).children[highest_bit(node_at(s, node).bits)])
    return np.int64(node_at(s, node).children[highest_bit(node_at(s, node).bits)])


@inlined
def _neighbours(s: State, book: Any, leaf: Any, key: Any) -> Any:
    """The next better and the next worse level of a key that is not there yet; 0: none."""
    digit = key & 63
    bits = node_at(s, leaf).bits
    below = _below(bits, digit)
    above = bits & ~(below | _bit(digit))
    if below != 0:
        better = np.int64(node_at(s, leaf).children[highest_bit(below)])
        return better, np.int64(level_at(s, better).worse)
    if above != 0:
        worse = np.int64(node_at(s, leaf).children[lowest_bit(above)])
        return np.int64(level_at(s, worse).better), worse
    better = _better_in_tree(s, leaf, key)
    if better != 0:
        return better, np.int64(level_at(s, better).worse)
    return better, np.int64(book_at(s, book).best)


@inlined
def level_in_leaf(s: State, leaf: Any, key: Any) -> Any:
    """The level of that key in the leaf; 0: none."""
    if node_at(s, leaf).bits & _bit(key & 63) == 0:
        return np.int64(0)
    return np.int64(node_at(s, leaf).children[key & 63])


@inlined
def add_level(s: State, book: Any, leaf: Any, level: Any, key: Any) -> None:
    """Put a level into the leaf and into the list from best to worst."""
    better, worse = _neighbours(s, book, leaf, key)
    _set_child(s, leaf, key & 63, level)
    here = level_at(s, level)
    here.node = leaf
    here.better = better
    here.worse = worse
    if better == 0:
        book_at(s, book).best = level
        book_at(s, book).best_key = key
    else:
        level_at(s, better).worse = level
    if worse != 0:
        level_at(s, worse).better = level


@inlined
def _remove_leaf(s: State, book: Any, leaf: Any) -> None:
    """An empty leaf goes; a parent that is left with one child gives its place to that child."""
    parent = np.int64(node_at(s, leaf).parent)
    if parent == 0:
        book_at(s, book).root = 0
        _free_node(s, leaf)
        return
    bits = node_at(s, parent).bits & ~_bit(_digit_in_parent(s, leaf, parent))
    node_at(s, parent).bits = bits
    _free_node(s, leaf)
    if bits & (bits - _ONE) != 0:
        return
    child = np.int64(node_at(s, parent).children[lowest_bit(bits)])
    above = np.int64(node_at(s, parent).parent)
    node_at(s, child).parent = above
    if above == 0:
        book_at(s, book).root = child
    else:
        node_at(s, above).children[_digit_in_parent(s, parent, above)] = child
    _free_node(s, parent)


@inlined
def remove_level(s: State, book: Any, level: Any) -> None:
    """Take a level out of the list and out of the index."""
    here = level_at(s, level)
    better, worse = np.int64(here.better), np.int64(here.worse)
    if better == 0:
        book_at(s, book).best = worse
        book_at(s, book).best_key = level_at(s, worse).key
    else:
        level_at(s, better).worse = worse
    if worse != 0:
        level_at(s, worse).better = better
    leaf = np.int64(here.node)
    bits = node_at(s, leaf).bits & ~_bit(here.key & 63)
    node_at(s, leaf).bits = bits
    if bits == 0:
        _remove_leaf(s, book, leaf)
