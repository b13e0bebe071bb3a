"""The sockets that the site listens on, taken before anything else is done."""

from __future__ import annotations

import errno
import socket


class PortTaken(OSError):
    """Another program listens there; the message is one sentence."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets for a host. For localhost and its addresses: both families, if present.

    Listening at once, not just bound: two starts at the same moment can't both have the port.

    Raises:
        PortTaken: another program has the port.
        OSError: the address isn't this machine's, or may not be used.
    """
    local = host in {"127.0.0.1", "localhost", "::1"}
    addresses = [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)] if local else []
    if not local:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        addresses = [(host, family)]
    sockets: list[socket.socket] = []
    for address, family in addresses:
        try:
            listener = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue  # a kernel without IPv6
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address, port))
            listener.listen(2048)
            listener.setblocking(False)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:
                close(sockets)
                raise PortTaken(
                    f"Port {port} is taken: end the program that listens on it,"
                    " or choose another one with PORT."
                ) from error
            if local and sockets:
                continue  # no ::1 on this machine
            close(sockets)
            raise
        sockets.append(listener)
    return sockets


def close(sockets: list[socket.socket]) -> None:
    """Release the addresses."""
    for listener in sockets:
        listener.close()
