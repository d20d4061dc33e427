"""Frames as RFC 6455 has them."""

import struct

import pytest
from picows import WSCloseCode, WSMsgType
from picows.picows import _make_test_ws_frame

from truebook.limits import WS_MESSAGE_BYTES_MAX
from truebook.ws.frames import Assembler, Violation, text_frame


def made(payload, kind=WSMsgType.TEXT, *, fin=True, rsv1=False):
    return _make_test_ws_frame(kind, payload, fin, rsv1)


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e" + struct.pack("!H", 126)),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f" + struct.pack("!Q", 65_536)),
    ],
)
def test_a_text_frame_has_the_shortest_length(size, header):
    assert text_frame(b"x" * size) == header + b"x" * size


def test_a_message_may_come_in_pieces():
    assembler = Assembler()
    text = "price ×".encode()
    assert assembler.take(made(text[:-1], fin=False)) is None
    assert assembler.take(made(b"", WSMsgType.CONTINUATION, fin=False)) is None
    assert assembler.take(made(text[-1:], WSMsgType.CONTINUATION)) == text
    assert assembler.take(made(b"next")) == b"next"


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([made(b"x", WSMsgType.CONTINUATION)], WSCloseCode.PROTOCOL_ERROR),
        ([made(b"x", fin=False), made(b"x")], WSCloseCode.PROTOCOL_ERROR),
        ([made(b"x", rsv1=True)], WSCloseCode.PROTOCOL_ERROR),
        ([made(b"x", WSMsgType.BINARY)], WSCloseCode.UNSUPPORTED_DATA),
        ([made(b"\xff")], WSCloseCode.INVALID_TEXT),
        ([made(b"\xed\xa0\x80")], WSCloseCode.INVALID_TEXT),
        (
            [made(b"x" * WS_MESSAGE_BYTES_MAX, fin=False), made(b"x", WSMsgType.CONTINUATION)],
            WSCloseCode.MESSAGE_TOO_BIG,
        ),
    ],
)
def test_what_breaks_the_protocol_names_the_standards_code(frames, code):
    assembler = Assembler()
    for frame in frames[:-1]:
        assert assembler.take(frame) is None
    with pytest.raises(Violation) as caught:
        assembler.take(frames[-1])
    assert caught.value.code == code
