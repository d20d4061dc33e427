"""Strict JSON, with numbers kept as the text they are.

Promise: what `decode` returns was written unambiguously. Duplicate keys, NaN and Infinity, lone
surrogates, NUL, a byte order mark, other encodings than UTF-8 and deep nesting are refused; numbers
come back as `NumberText`, exactly as the client wrote them, since that is what it signed.

Most texts are plain: no escapes, and no zero with a sign. Those are decoded in compiled code, which
keeps the last of two equal keys without a word; but then the text has more quotation marks than
what came of it. Whatever is not plain, or not right, is for the slow way to judge: it alone says
why something is refused. (tests compare the two)
"""

import json
from typing import Never

import msgspec


class NotStrict(ValueError):
    """The text is no JSON, or JSON that can be read in more than one way; says why."""


class NumberText(str):
    """A JSON number, as it was written."""

    __slots__ = ()


def decode(text: bytes, *, brackets_max: int) -> object:
    """The JSON value of a text. Raises NotStrict.

    `brackets_max` is how many values that hold others it may contain.
    """
    if text.count(b"[") + text.count(b"{") > brackets_max:
        raise NotStrict("too many brackets")
    if b"\\" not in text and b"-0" not in text:
        try:
            value = _decode_plain(text)
            if 2 * _texts_in(value) == text.count(b'"'):
                return value
        except (ValueError, RecursionError, msgspec.MsgspecError):
            pass
    return decode_slowly(text)


def decode_slowly(text: bytes) -> object:
    """The same of a text with any number of brackets. Raises NotStrict."""
    try:
        value = _decoder.decode(text.decode())
        if b"\\u" in text or b"\0" in text:
            _check_text(value)
    except UnicodeError:
        raise NotStrict("the text is not valid UTF-8") from None
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise NotStrict(reason) from None
    return value


_decode_plain = msgspec.json.Decoder(float_hook=NumberText).decode


def _texts_in(value: object) -> int:
    """How many keys and texts a value of the plain decoder has; makes its integers the text that
    they were. An integer itself, outside of all brackets, is nothing that anybody sends."""
    if type(value) is dict:
        texts = len(value)
        for name, member in value.items():
            kind = type(member)
            if kind is str:
                texts += 1
            elif kind is int:
                value[name] = NumberText(member)
            elif kind is dict or kind is list:
                texts += _texts_in(member)
        return texts
    if type(value) is list:
        texts = 0
        for place, member in enumerate(value):
            if type(member) is int:
                value[place] = NumberText(member)
            else:
                texts += _texts_in(member)
        return texts
    if type(value) is int:
        raise ValueError("an integer alone")
    return 1 if type(value) is str else 0


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the key {name[:40]!r} stands twice")
            seen.add(name)
    return fields


def _constant(name: str) -> Never:
    raise ValueError(f"{name} is not a number")


_decoder = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_int=NumberText,
    parse_float=NumberText,
    parse_constant=_constant,
)


def _check_text(value: object) -> None:
    """Raise UnicodeError for a lone surrogate, ValueError for a NUL, anywhere in the value."""
    if isinstance(value, str):
        value.encode()
        if "\0" in value:
            raise ValueError("NUL in a text")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_text(name)
            _check_text(member)
    elif isinstance(value, list):
        for member in value:
            _check_text(member)
