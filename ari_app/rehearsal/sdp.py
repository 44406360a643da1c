"""The little of SDP that a telephone needs: one audio line, G.711 and telephone-event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Codec = Literal["ulaw", "alaw"]
PAYLOAD_TYPES: Final[dict[Codec, int]] = {"ulaw": 0, "alaw": 8}
DEFAULT_DTMF_PAYLOAD_TYPE: Final = 101
_MIRRORED: Final = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class SdpError(ValueError):
    """There is no audio line in it that this phone can speak."""


@dataclass(frozen=True, slots=True)
class AudioLine:
    """What one side of an offer or answer says about audio. `dtmf` is the telephone-event payload type."""

    host: str
    port: int
    codecs: tuple[Codec, ...]
    dtmf: int | None
    direction: str = "sendrecv"

    @property
    def codec(self) -> Codec:
        return self.codecs[0]


def parse(body: bytes) -> AudioLine:
    """Raises `SdpError` when there is no audio line or no G.711 in it."""
    host, port, formats, direction, dtmf = "", 0, list[str](), "sendrecv", None
    in_audio = False
    for line in body.decode(errors="replace").splitlines():
        kind, _, value = line.strip().partition("=")
        if kind == "m":
            in_audio = value.startswith("audio ") and not formats
            if in_audio:
                _, number, _, *formats = value.split()
                port = int(number.partition("/")[0])
        elif kind == "c" and (in_audio or not formats):
            host = value.split()[-1].partition("/")[0]
        elif kind == "a" and (in_audio or not formats):
            if value in _MIRRORED:
                direction = value
            elif value.startswith("rtpmap:") and "telephone-event/8000" in value.lower():
                dtmf = int(value[len("rtpmap:") :].split()[0])
    names: dict[str, Codec] = {str(number): name for name, number in PAYLOAD_TYPES.items()}
    codecs = tuple(names[format_] for format_ in formats if format_ in names)
    if not host or not codecs:
        raise SdpError("no audio line with G.711 (PCMU or PCMA)")
    return AudioLine(host, port, codecs, dtmf, direction)


def answer_direction(offered: str) -> str:
    """The direction that answers an offered one: a party put on hold (`sendonly`) only listens."""
    return _MIRRORED.get(offered, "sendrecv")


def build(line: AudioLine, *, session: int, version: int) -> bytes:
    """An offer or an answer for this phone's own audio."""
    numbers = [PAYLOAD_TYPES[codec] for codec in line.codecs]
    names = {0: "PCMU", 8: "PCMA"}
    formats = [str(number) for number in numbers]
    attributes = [f"a=rtpmap:{number} {names[number]}/8000" for number in numbers]
    if line.dtmf is not None:
        formats.append(str(line.dtmf))
        attributes += [f"a=rtpmap:{line.dtmf} telephone-event/8000", f"a=fmtp:{line.dtmf} 0-16"]
    rows = [
        "v=0",
        f"o=- {session} {version} IN IP4 {line.host}",
        "s=rehearsal",
        f"c=IN IP4 {line.host}",
        "t=0 0",
        f"m=audio {line.port} RTP/AVP {' '.join(formats)}",
        *attributes,
        "a=ptime:20",
        f"a={line.direction}",
        "",
    ]
    return "\r\n".join(rows).encode()
