"""ARI's events: from the bytes of the WebSocket to typed messages, and from those to what a call understands."""

from collections.abc import Sequence

import msgspec
import structlog

from ari_app.asterisk import ari_models as ari
from ari_app.session.ports import ChannelEntered, ChannelLeft, DigitReceived

log = structlog.get_logger(__name__)


class GenericEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a type that no api-docs describe, or one that is not as they describe it."""

    type: str
    application: str = ""
    timestamp: str = ""


AriMessage = ari.AnyMessage | GenericEvent

_typed: msgspec.json.Decoder[ari.AnyMessage] = msgspec.json.Decoder(ari.AnyMessage)
_generic = msgspec.json.Decoder(GenericEvent)
_known_types = frozenset(kind.__struct_config__.tag for kind in ari.AnyMessage.__args__)
_complained: set[str] = set()


def decode(data: bytes | str) -> AriMessage:
    """One message of the event WebSocket. Never loses the stream: what is unknown comes as GenericEvent.

    Raises msgspec.DecodeError only when `data` is no JSON object with a `type`.
    """
    try:
        return _typed.decode(data)
    except msgspec.ValidationError as error:
        event = _generic.decode(data)
        if event.type in _known_types and event.type not in _complained:
            _complained.add(event.type)
            log.warning("ari_event_not_as_documented", type=event.type, error=str(error))
        return event


def entered(channel: ari.Channel, args: Sequence[str]) -> ChannelEntered:
    """`args`: what follows the application's name in Stasis(), or ARI's appArgs."""
    return ChannelEntered(
        channel_id=channel.id,
        channel_name=channel.name,
        args=tuple(args),
        caller_number=channel.caller.number,
        caller_name=channel.caller.name,
        dialled=channel.dialplan.exten,
    )


def translate(event: AriMessage) -> ChannelEntered | ChannelLeft | DigitReceived | None:
    """What a call understands of an event; None for the many that mean nothing to it."""
    match event:
        case ari.StasisStart(channel=channel) if channel.dialplan.exten == "h":
            return None  # a pattern in the dialplan matched the hang-up extension: this channel is dead already
        case ari.StasisStart(channel=channel, args=args):
            return entered(channel, args)
        case ari.StasisEnd(channel=channel):
            return ChannelLeft(channel.id, destroyed=False)
        case ari.ChannelDestroyed(channel=channel, cause=cause):
            return ChannelLeft(channel.id, destroyed=True, cause=cause)
        case ari.ChannelDtmfReceived(channel=channel, digit=digit):
            return DigitReceived(channel.id, digit)
        case _:
            return None
