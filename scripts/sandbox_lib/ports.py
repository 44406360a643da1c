"""Chooses the ports of a sandbox: free ones, below the range from which the kernel gives ports to clients."""

import errno
import random
import socket
from dataclasses import asdict, dataclass

from .console import SandboxError

RTP_PORTS = 2000  # a call with an agent uses about eight; a hundred calls fit
SERVICES = ("sip", "ari", "ami", "agi", "http")


@dataclass(frozen=True, slots=True)
class Ports:
    """All on 127.0.0.1. `sip` is UDP, `rtp_start`..`rtp_end` inclusive are UDP, the others TCP."""

    sip: int
    ari: int
    ami: int
    agi: int
    http: int
    rtp_start: int
    rtp_end: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def choose(base: int | None) -> Ports:
    """`base` given: the five services from there, media from base + 10. Else a random free block. Raises SandboxError."""
    if base is not None:
        if not 1024 <= base <= 65535 - RTP_PORTS - 11:
            raise SandboxError(f"--base-port {base} leaves no room", remedy="Choose one between 1024 and 63500")
        taken = [base + offset for offset, name in enumerate(SERVICES) if not is_free(base + offset, udp=name == "sip")]
        if taken:
            raise SandboxError(
                f"port {taken[0]} on 127.0.0.1 is in use", remedy="Choose another --base-port, or none: free ones are found then"
            )
        return _block(base, base + 10 + base % 2)
    dice = random.SystemRandom()
    for _ in range(200):
        first = dice.randrange(30000, 32700, 10)
        if all(is_free(first + offset, udp=name == "sip") for offset, name in enumerate(SERVICES)):
            return _block(first, dice.randrange(10000, 30000, RTP_PORTS))
    raise SandboxError("no free ports on 127.0.0.1", remedy="Give a range of your own: --base-port N")


def _block(first: int, media: int) -> Ports:
    sip, ari, ami, agi, http = range(first, first + len(SERVICES))
    return Ports(sip, ari, ami, agi, http, media, media + RTP_PORTS - 1)


def is_free(port: int, *, udp: bool) -> bool:
    """True when a server could listen on 127.0.0.1 at this port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as probe:
        if not udp:
            # As the servers do: a port in TIME_WAIT can be listened on again.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True
