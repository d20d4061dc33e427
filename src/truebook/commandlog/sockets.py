"""TCP connections to log and bus: a peer that is gone is noticed within seconds.

Why: without this a connection over a cut link waits for a quarter of an hour for the peer to
acknowledge what was sent, and for ever for what the peer would send.
"""

import socket

SILENT_S_MAX = 5
"""What is sent must be acknowledged by then, or the connection is lost …"""
IDLE_S = 2
"""… and after so long with nothing to send, the peer is asked every second."""
_ASK_AGAIN_S = 1


def watch_closely(connected: socket.socket) -> None:
    """Set the time limits of a TCP connection, as far as the system has them, and send small
    messages at once."""
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", IDLE_S),
        ("TCP_KEEPALIVE", IDLE_S),  # the same on macOS
        ("TCP_KEEPINTVL", _ASK_AGAIN_S),
        ("TCP_KEEPCNT", SILENT_S_MAX - IDLE_S),
        ("TCP_USER_TIMEOUT", SILENT_S_MAX * 1000),
    ):
        if option := getattr(socket, name, None):
            connected.setsockopt(socket.IPPROTO_TCP, option, value)
