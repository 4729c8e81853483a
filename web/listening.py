"""The sockets of one address, for every family of addresses that it means."""

import asyncio
import errno
import ipaddress
import logging
import socket
from contextlib import ExitStack

LOOPBACK = ("127.0.0.1", "::1")
EVERY_V4, EVERY_V6 = "0.0.0.0", "::"  # noqa: S104 - the owner asked for it
# How a machine says that it has no address of this family.
NOT_HERE = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}

log = logging.getLogger(__name__)


async def bound(host: str, port: int) -> list[socket.socket]:
    """Shape: at least one socket, all with one port; those for `localhost` are for both families,
    and the one for every IPv6 address is for every IPv4 address, too.

    Errors: OSError.
    """
    if host.lower() == "localhost":
        return _bound_to_all(LOOPBACK, port)
    if _is_every_v6(host):
        return [_bound_to_everything(port)]
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return _bound_to_all(tuple(dict.fromkeys(str(one[4][0]) for one in found)), port)


def _bound_to_all(hosts: tuple[str, ...], port: int) -> list[socket.socket]:
    """Those that this machine has; with port 0 all have the port that the first one is given."""
    found: list[socket.socket] = []
    missing: list[OSError] = []
    with ExitStack() as stack:
        for host in hosts:
            try:
                one = stack.enter_context(_bound(host, port))
            except OSError as err:
                if err.errno not in NOT_HERE:
                    raise
                missing.append(err)
                continue
            found.append(one)
            port = one.getsockname()[1]
        if not found:
            raise missing[0]
        stack.pop_all()
    return found


def _bound_to_everything(port: int) -> socket.socket:
    try:
        return _bound(EVERY_V6, port, is_for_v4_too=True)
    except OSError as err:
        if err.errno not in NOT_HERE:
            raise
        log.warning("this machine has no IPv6: HTTP_LISTEN is served over IPv4 only")
        return _bound(EVERY_V4, port)


def _bound(host: str, port: int, *, is_for_v4_too: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as stack:
        one = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not is_for_v4_too))
        one.bind((host, port))
        stack.pop_all()
    return one


def _is_every_v6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host) == ipaddress.ip_address(EVERY_V6)
    except ValueError:  # a name
        return False
