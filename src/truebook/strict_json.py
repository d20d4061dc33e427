"""Strict JSON, with numbers kept as the text they are.

Promise: what `decode` returns was written unambiguously. Duplicate keys, NaN and Infinity, lone
surrogates, NUL, a byte order mark, other encodings than UTF-8 and deep nesting are refused; numbers
come back as `NumberText`, exactly as the client wrote them, since that is what it signed.
"""

import json
from typing import Never


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
