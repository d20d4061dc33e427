"""Notes: who had a setting changed and why, in the log beside the commands that did it.

A note is one or more records of 64 bytes, each a command of its own, that carry a text in parts;
they stand in the same entry directly before the `covers` commands that they explain. A note changes
nothing. To an engine that doesn't know the kind each part is an unknown command, which it rejects
(MALFORMED) without any change of state: so notes are harmless to every engine, past and future.
"""

import struct

NOTE_KIND = 64
"""The number is kept for notes; no engine may ever give it another meaning."""

NOTE_TEXT_BYTES = 56
NOTE_PARTS_MAX = 16
NOTE_BYTES_MAX = NOTE_PARTS_MAX * NOTE_TEXT_BYTES

_NOTE = struct.Struct(f"<5B3x{NOTE_TEXT_BYTES}s")
# kind, records (always 1), part (0, 1, 2 …), parts, covers, reserved, UTF-8 padded with NUL
assert _NOTE.size == 64


def note_parts(text: str, covers: int) -> list[bytes]:
    """The records of a note on the next `covers` commands. Raises ValueError if it is too long."""
    data = text.encode()
    parts = max(1, -(-len(data) // NOTE_TEXT_BYTES))
    if parts > NOTE_PARTS_MAX or not 0 < covers < 256 or "\0" in text:
        raise ValueError(f"a note has at most {NOTE_BYTES_MAX} bytes of text")
    pieces = [data[NOTE_TEXT_BYTES * part :][:NOTE_TEXT_BYTES] for part in range(parts)]
    return [
        _NOTE.pack(NOTE_KIND, 1, part, parts, covers, piece) for part, piece in enumerate(pieces)
    ]


def read_note(records: bytes, offset: int) -> tuple[str, int, int] | None:
    """The note that begins there: its text, how many parts, how many commands it covers.

    None if no whole note begins there: what is in a log is never believed to be well formed.
    """
    text = b""
    parts = covers = 1
    for part in range(NOTE_PARTS_MAX):
        start = offset + part * _NOTE.size
        if part == parts or start + _NOTE.size > len(records):
            break
        kind, size, number, total, covering, piece = _NOTE.unpack_from(records, start)
        if (kind, size, number) != (NOTE_KIND, 1, part) or (part and total != parts):
            return None
        parts, covers = total, covering
        text += piece
    else:
        part = NOTE_PARTS_MAX
    if part != parts:
        return None
    return text.rstrip(b"\0").decode(errors="replace"), parts, covers
