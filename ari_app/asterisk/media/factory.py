"""Chooses the media transport that the settings name; the rest of the application knows only MediaFactory."""

from ari_app.asterisk.media.rtp import RtpMediaFactory
from ari_app.asterisk.media.websocket import WebSocketMediaFactory


def media_factory(
    transport: str, *, media_host: str, ari_url: str, listen_rate: int = 8000, ports: range | None = None, timeout: float = 5.0
) -> RtpMediaFactory | WebSocketMediaFactory:
    """`transport`: "rtp" or "websocket". `listen_rate`: 8000 (µ-law) or 16000 (slin16). Raises ValueError for another value.

    RTP needs `media_host`, an address of this machine that Asterisk can reach; WebSocket the HTTP server of `ari_url`.
    """
    formats = {8000: "ulaw", 16000: "slin16"}
    if listen_rate not in formats:
        raise ValueError(f"listen_rate must be 8000 or 16000, not {listen_rate}")
    match transport:
        case "rtp":
            return RtpMediaFactory(media_host, listen_format=formats[listen_rate], ports=ports)
        case "websocket":
            return WebSocketMediaFactory(ari_url, listen_format=formats[listen_rate], timeout=timeout)
        case _:
            raise ValueError(f"media transport must be rtp or websocket, not {transport!r}")
