"""Tells at the start, with the remedy, what would otherwise fail on the first call."""

import asyncio
from collections.abc import Mapping

import structlog

from ari_app.asterisk.ami import Ami
from ari_app.asterisk.media.rtp import RtpMediaFactory
from ari_app.asterisk.media.websocket import WebSocketMediaFactory
from ari_app.asterisk.pbx import AriPbx
from ari_app.errors import AriAppError, BadSettings, NotReachable
from ari_app.escalation.rules import RuleBook
from ari_app.session.ports import MediaDirection
from ari_app.settings import Settings

log = structlog.get_logger()

REQUIRED_MODULES: Mapping[str, str] = {
    "res_stasis": "runs the application",
    "res_stasis_answer": "answers callers",
    "res_stasis_snoop": "taps the caller and whispers to the agent",
    "res_ari_channels": "controls channels",
    "res_ari_bridges": "controls bridges",
    "bridge_softmix": "lets caller, assistant and agent hear each other",
    "app_queue": "finds an agent",
    "res_agi": "asks the application what to whisper",
}
MEDIA_MODULES: Mapping[str, tuple[str, str]] = {
    "rtp": ("chan_rtp", "carries the sound between Asterisk and the application"),
    "websocket": ("chan_websocket", "carries the sound (Asterisk 22.6 or newer; asterisk.media_transport: rtp does without it)"),
}
LOOK_AGAIN = 30.0  # seconds between looks at the queues' members


async def check_asterisk(settings: Settings, pbx: AriPbx, ami: Ami, rules: RuleBook) -> None:
    """Raises NotReachable (Asterisk lacks something) or BadSettings (the settings name what is not there)."""
    await _check_modules(settings, pbx)
    await pbx.client.destroy_bridge("ari-app-may-write")  # there is none; a read_only user is refused before that is looked at
    await _check_dialplan(settings, ami)
    await check_queues(settings, ami, rules)


async def _check_modules(settings: Settings, pbx: AriPbx) -> None:
    required = {**REQUIRED_MODULES, **dict([MEDIA_MODULES[settings.asterisk.media_transport]])}
    missing = await pbx.missing_modules(tuple(required))
    if missing:
        what = "; ".join(f"{name}, which {required[name]}" for name in missing)
        raise NotReachable(
            f"Asterisk at {settings.asterisk.ari_url} has not loaded: {what}.",
            "Load them (asterisk -rx 'module load NAME'), and see modules.conf for a `noload` that keeps them away.",
        )


async def _check_dialplan(settings: Settings, ami: Ami) -> None:
    """An AMI user without `write = reporting` may not ask; then nothing is known and nothing is said."""
    for field in ("context", "fallback_context"):
        name = getattr(settings.queues, field)
        answer = (await ami.action("ShowDialPlan", Context=name))[0]
        if "Did not find context" in answer.get("Message", ""):
            raise BadSettings(
                f'Asterisk\'s dialplan has no context "{name}" (queues.{field}).',
                "#include dialplan/ari-app.conf in extensions.conf, then: asterisk -rx 'dialplan reload'",
            )


async def check_queues(settings: Settings, ami: Ami, rules: RuleBook) -> None:
    """Raises BadSettings for a queue that Asterisk does not know, NotReachable when it cannot be asked."""
    known = await ami.queues()
    for queue, where in wanted_queues(settings, rules).items():
        if queue not in known:
            knows = f"It knows: {', '.join(known)}." if known else "It knows no queue at all."
            raise BadSettings(
                f'Asterisk has no queue "{queue}" ({where}). {knows}',
                "Add it to queues.conf (asterisk_conf/ari-app-queues.conf is a sample), then: asterisk -rx 'queue reload all'",
            )


def wanted_queues(settings: Settings, rules: RuleBook) -> dict[str, str]:
    """Every queue that a caller may be sent to, and where it is named."""
    file = settings.rules or "the shipped rules"
    wanted = {rule.queue: f'rule "{rule.name}" in {file}' for rule in reversed(rules.rules) if rule.queue}
    return {**wanted, rules.queue: f"queue in {file}", settings.queues.default: "queues.default"}


async def check_media(settings: Settings, media: RtpMediaFactory | WebSocketMediaFactory) -> None:
    """Raises BadSettings when sound cannot be received at the address that Asterisk is told."""
    try:
        leg = await media.open("check", MediaDirection.LISTEN)
    except (AriAppError, OSError) as error:
        raise BadSettings(
            f"asterisk.media_host {settings.asterisk.media_host} cannot be used: {getattr(error, 'message', error)}.",
            "Set it to an address of this machine that Asterisk can reach.",
        ) from None
    await leg.close()


class QueueWatch:
    """Knows which queues have no member at all: their callers would wait for nobody."""

    def __init__(self, ami: Ami, queues: tuple[str, ...]) -> None:
        self._ami = ami
        self._queues = queues
        self._empty: tuple[str, ...] = ()

    def watch(self, queues: tuple[str, ...]) -> None:
        """From now on these; changed rules may name others."""
        self._queues = queues

    @property
    def notes(self) -> tuple[str, ...]:
        """For people, with the remedy."""
        return tuple(f'queue "{queue}" has no members: callers would wait for nobody. {_remedy(queue)}' for queue in self._empty)

    async def run(self) -> None:
        """Look again and again: agents log in and out of queues."""
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            try:
                await self.look()
            except NotReachable as error:
                log.debug("queues not looked at", reason=error.message)

    async def look(self) -> None:
        """Ask app_queue; what changed is logged. Raises NotReachable."""
        empty = tuple([queue for queue in self._queues if not (await self._ami.queue_status(queue)).members])
        before, self._empty = self._empty, empty
        for queue in empty:
            if queue not in before:
                log.warning("queue has no members, callers would wait for nobody", queue=queue, remedy=_remedy(queue))
        for queue in before:
            if queue not in empty:
                log.info("queue has members", queue=queue)


def _remedy(queue: str) -> str:
    return f"Add agents: `member =>` in queues.conf, or asterisk -rx 'queue add member PJSIP/1001 to {queue}'"
