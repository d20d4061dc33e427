"""Websocket frames (RFC 6455): what the server sends, and messages put together from what it gets.

Promise: a frame is bytes that any session can send, so it is made once for all of them; what comes
in is handed on as whole text messages within the limit, or the session ends with the code that the
standard gives the violation.
"""

from struct import Struct

from picows import WSCloseCode, WSFrame, WSMsgType

from truebook.limits import WS_MESSAGE_BYTES_MAX

_TEXT = 0x81
"""A text message that is one frame, without extensions."""

_PONG = 0x8A

_TEXT_KIND, _BINARY = WSMsgType.TEXT.value, WSMsgType.BINARY.value
"""Plain numbers, as the frames tell them."""

_MEDIUM = Struct("!BBH")
_LARGE = Struct("!BBQ")


def text_frame(text: bytes) -> bytes:
    """The frame of a text message, from a server: not masked."""
    size = len(text)
    if size < 126:
        return bytes((_TEXT, size)) + text
    if size < 1 << 16:
        return _MEDIUM.pack(_TEXT, 126, size) + text
    return _LARGE.pack(_TEXT, 127, size) + text


def pong_frame(text: bytes) -> bytes:
    """The answer to a ping, which carries at most 125 bytes."""
    return bytes((_PONG, len(text))) + text


class Violation(Exception):
    """A client broke the protocol: its session ends with this code and reason."""

    def __init__(self, code: WSCloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Assembler:
    """Makes messages of the frames of one session; one may come in several pieces."""

    def __init__(self) -> None:
        self._pieces: bytearray | None = None

    def take(self, frame: WSFrame) -> bytes | None:
        """The text message that a data frame completes, if it does. Raises Violation."""
        kind: object = frame.msg_type
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise Violation(WSCloseCode.PROTOCOL_ERROR, "no extension was agreed on")
        if kind == _BINARY:
            raise Violation(WSCloseCode.UNSUPPORTED_DATA, "messages are text")
        is_first = kind == _TEXT_KIND
        if is_first == (self._pieces is not None):
            raise Violation(WSCloseCode.PROTOCOL_ERROR, "a fragment out of order")
        piece = frame.get_payload_as_bytes()
        if is_first and frame.fin:
            return piece if piece.isascii() else _text(piece)
        pieces = self._pieces = bytearray() if self._pieces is None else self._pieces
        pieces += piece
        if len(pieces) > WS_MESSAGE_BYTES_MAX:
            raise Violation(WSCloseCode.MESSAGE_TOO_BIG, "the message is too large")
        if not frame.fin:
            return None
        self._pieces = None
        return _text(bytes(pieces))


def _text(message: bytes) -> bytes:
    try:
        message.decode()
    except UnicodeDecodeError:
        raise Violation(WSCloseCode.INVALID_TEXT, "the text is not valid UTF-8") from None
    return message
