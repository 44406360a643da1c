"""Builds every adapter from the settings, hands them to the running calls, and takes them down again in the right order."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields
from functools import partial

import structlog

from ari_app.assistant.assistant import DEMO_BOOKINGS, DEMO_KNOWLEDGE, KnowledgeAssistant, open_assistant
from ari_app.assistant.assistant import AssistantSettings as AssistantFiles
from ari_app.asterisk.ami import Ami
from ari_app.asterisk.ari_http import AriAccess
from ari_app.asterisk.fastagi import FastAgiServer
from ari_app.asterisk.media.factory import media_factory
from ari_app.asterisk.media.rtp import RtpMediaFactory
from ari_app.asterisk.media.websocket import WebSocketMediaFactory
from ari_app.asterisk.pbx import AriPbx
from ari_app.call.policy import Policy, Texts
from ari_app.errors import BadSettings
from ari_app.escalation.rules import RuleBook
from ari_app.language.rules_file import RulesFile
from ari_app.language.sentiment import TextBlobSentiment
from ari_app.rules_in_force import RulesInForce, load_rules_in_force, scorer_for
from ari_app.session.broadcast import Broadcast
from ari_app.session.company import FILLERS
from ari_app.session.ports import AgentAtPickUp, QueueLeft
from ari_app.session.router import Router
from ari_app.session.services import Services, SessionSettings
from ari_app.settings import Settings
from ari_app.speech.errors import SpeakingFailed
from ari_app.speech.listener_factory import VoskListenerFactory, speech_pool
from ari_app.speech.readable import split_sentences
from ari_app.speech.synthesiser import CommandSynthesiser
from ari_app.store.redis_store import RedisStore
from ari_app.store.spawn import PrivateRedis
from ari_app.web.access import require_token
from ari_app.web.server import WebServer, make_app
from ari_app.wiring_checks import QueueWatch, check_asterisk, check_media, check_queues, wanted_queues
from ari_app.wiring_rules import Accept, follow_rules
from ari_app.wiring_web import RunningApplication

log = structlog.get_logger()

WIDEBAND = 16_000
MODEL_NOTICE = "embedded model: it knows synthesised voices only. For real callers: scripts/fetch-model, then speech.model_path"


@dataclass(slots=True)
class Application:
    """Everything that runs."""

    settings: Settings
    pbx: AriPbx
    ami: Ami
    router: Router
    store: RedisStore
    listeners: VoskListenerFactory
    rules: RulesInForce
    feed: Broadcast
    version: tuple[int, ...] = ()


@asynccontextmanager
async def application(settings: Settings) -> AsyncIterator[Application]:
    """Start everything, in the order in which a caller needs it, and take it down again. Raises AriAppError with a remedy."""
    async with AsyncExitStack() as stack:
        require_token(settings.http.host, settings.http.token)
        listeners = _listeners(settings)
        rules = RulesInForce(load_rules_in_force(settings), partial(scorer_for, meaning=settings.meaning))
        assistant = open_assistant(_assistant_files(settings))
        synthesiser, whisper = voice(settings), whisper_voice(settings)
        stack.push_async_callback(synthesiser.close)
        stack.push_async_callback(whisper.close)
        router: Router | None = None
        # First of all: a second copy of this program stops here, before it touches what belongs to the first one.
        agi = await _agi(settings, stack, lambda: router)
        store = await _store(settings, stack)
        pbx, ami, media = _asterisk(settings, stack, listeners.rate)
        await check_media(settings, media)
        feed = Broadcast()
        pool = speech_pool(settings.speech.workers or None)
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        sentiment = TextBlobSentiment(lambda: rules.file.book.language)
        stack.callback(sentiment.close)
        services = Services(
            pbx=pbx,
            media=media,
            listeners=listeners,
            synthesiser=synthesiser,
            whisper_synthesiser=whisper,
            split=split_sentences,
            sentiment=sentiment,
            scorer=rules.scorer,
            assistant=assistant,
            store=store,
            policy=lambda: policy(settings),
            publish=feed.publish,
            clock=time.monotonic,
            wall_clock=time.time,
            local_time=lambda: settings.local_time(time.time()),
            pool=pool,
            settings=_session_settings(settings),
        )
        router = Router(services)
        stack.push_async_callback(router.stop)
        stack.push_async_callback(agi.close)  # when all is well held agents are released before the calls are given up
        await ami.start()
        pbx.feed(ami.events(), "ami")
        await check_asterisk(settings, pbx, ami, rules.file.book)
        watch = await _watch_queues(settings, stack, ami, rules.file.book)
        await _warm_up(settings, rules.file.book, synthesiser, whisper, sentiment, assistant)
        await follow_rules(settings, stack, rules, _ready_for(settings, ami, watch, synthesiser), feed.publish)
        version = await pbx.start(within=settings.asterisk.request_timeout)  # from here on callers come in
        model = (MODEL_NOTICE,) if listeners.synthesised_voices_only else ()
        for note in model:
            log.warning(note)
        running = RunningApplication(
            services, pbx, ami, router, store, listeners, feed, rules, version, lambda: (*model, *watch.notes)
        )
        await _http(settings, stack, running)
        yield Application(settings, pbx, ami, router, store, listeners, rules, feed, version)


def policy(settings: Settings) -> Policy:
    """What the settings say about handovers, as the table of transitions reads it."""
    handover = settings.handover
    return Policy(
        default_queue=settings.queues.default,
        whisper_mode=handover.whisper,
        queue_wait=settings.queues.wait,
        attempts=settings.queues.attempts,
        human_key=handover.human_key,
        texts=Texts(**handover.model_dump(include={field.name for field in fields(Texts)})),
    )


def voice(settings: Settings) -> CommandSynthesiser:
    """The assistant's voice."""
    speech = settings.speech
    return CommandSynthesiser(speech.command, voice=speech.voice, cache_dir=settings.path(settings.data_dir) / "speech")


def whisper_voice(settings: Settings) -> CommandSynthesiser:
    """The voice that whispers to agents: brisk, since they hold a phone that a caller waits for."""
    speech = settings.speech
    cache = settings.path(settings.data_dir) / "speech"
    chosen = speech.whisper_voice or speech.voice
    try:
        return CommandSynthesiser(speech.whisper_command or speech.command, voice=chosen, cache_dir=cache, brisk=True)
    except BadSettings as error:
        where = error.message.replace("speech.", "speech.whisper_", 1)
        raise BadSettings(where, error.remedy.replace("speech.", "speech.whisper_")) from None


def _listeners(settings: Settings) -> VoskListenerFactory:
    speech = settings.speech
    factory = VoskListenerFactory(
        settings.path(speech.model_path) if speech.model_path else None,
        short_pause=speech.short_pause,
        long_pause=speech.long_pause,
        patient_pause=speech.patient_pause,
    )
    if int(str(factory.describe()["model_rate"])) >= WIDEBAND:
        factory.rate = WIDEBAND  # callers with wideband phones are heard with all that they have
    return factory


def _assistant_files(settings: Settings) -> AssistantFiles:
    chosen = settings.assistant
    return AssistantFiles(
        company=chosen.company,
        knowledge=tuple(settings.path(file) for file in chosen.knowledge) or (DEMO_KNOWLEDGE,),
        bookings=settings.path(chosen.bookings) if chosen.bookings else DEMO_BOOKINGS,
        language=chosen.language,
    )


def _session_settings(settings: Settings) -> SessionSettings:
    return SessionSettings(
        quiet_seconds=settings.handover.quiet_seconds,
        queue_context=settings.queues.context,
        fallback_context=settings.queues.fallback_context,
    )


async def _store(settings: Settings, stack: AsyncExitStack) -> RedisStore:
    data = settings.path(settings.data_dir)
    url = settings.redis.url
    if not url:
        private = PrivateRedis(data / "redis", settings.redis.server)
        url = await private.start()
        stack.push_async_callback(private.stop)
    store = RedisStore(url, data / "spool", retention_days=settings.redis.retention_days)
    await store.start(required=True)
    stack.push_async_callback(store.close)
    return store


def _asterisk(
    settings: Settings, stack: AsyncExitStack, listen_rate: int
) -> tuple[AriPbx, Ami, RtpMediaFactory | WebSocketMediaFactory]:
    asterisk = settings.asterisk
    media = media_factory(
        asterisk.media_transport, media_host=asterisk.media_host, ari_url=asterisk.ari_url, listen_rate=listen_rate
    )
    stack.push_async_callback(media.close)
    ami = Ami(asterisk.ami_host, asterisk.ami_port, asterisk.ami_username, asterisk.ami_password)
    stack.push_async_callback(ami.close)
    access = AriAccess(asterisk.ari_url, asterisk.ari_username, asterisk.ari_password, asterisk.app, asterisk.request_timeout)
    pbx = AriPbx(access)
    stack.push_async_callback(pbx.close)
    return pbx, ami, media


async def _agi(settings: Settings, stack: AsyncExitStack, find_router: Callable[[], Router | None]) -> FastAgiServer:
    async def picked_up(agent: AgentAtPickUp) -> None:
        if router := find_router():
            await router.agent_picked_up(agent)

    async def queue_left(event: QueueLeft) -> None:
        if router := find_router():
            router.handle(event)

    asterisk = settings.asterisk
    server = FastAgiServer(asterisk.agi_host, asterisk.agi_port, on_pick_up=picked_up, on_queue_left=queue_left)
    await server.start()
    stack.push_async_callback(server.close)
    return server


async def _watch_queues(settings: Settings, stack: AsyncExitStack, ami: Ami, rules: RuleBook) -> QueueWatch:
    watch = QueueWatch(ami, tuple(wanted_queues(settings, rules)))
    await watch.look()
    looking = asyncio.create_task(watch.run(), name="queue watch")
    stack.callback(looking.cancel)
    return watch


async def _http(settings: Settings, stack: AsyncExitStack, running: RunningApplication) -> None:
    http = settings.http
    server = WebServer(make_app(running, token=http.token), http.host, http.port, token=http.token)
    await server.start()
    stack.push_async_callback(server.close)


async def _warm_up(
    settings: Settings,
    rules: RuleBook,
    synthesiser: CommandSynthesiser,
    whisper: CommandSynthesiser,
    sentiment: TextBlobSentiment,
    assistant: KnowledgeAssistant,
) -> None:
    """What every call says is synthesised before the first one, so that nobody waits for it. Raises BadSettings."""
    texts = policy(settings).texts
    greeting = assistant.open("", "", "").greet().text
    always = [
        greeting,
        *_says(rules),
        texts.hand_off,
        texts.agent_left,
        texts.goodbye,
        texts.still_there,
        texts.back_again,
        *FILLERS,
    ]
    sentences = [sentence for text in always for sentence in split_sentences(text)]
    try:
        await whisper.synthesise(sentences[0])
        await asyncio.gather(*(synthesiser.synthesise(sentence) for sentence in sentences))
    except SpeakingFailed as error:
        raise BadSettings(f"The synthesiser does not work: {error.message.rstrip(': ')}", error.remedy) from None
    await sentiment.warm_up()


def _says(rules: RuleBook) -> list[str]:
    """What the assistant says when these rules decide."""
    return [rules.say, *(rule.say for rule in rules.rules if rule.say)]


def _ready_for(settings: Settings, ami: Ami, watch: QueueWatch, synthesiser: CommandSynthesiser) -> Accept:
    """What changed rules need before they come into force: queues that Asterisk has, and their sentences in the voice's cache."""

    async def accept(file: RulesFile) -> None:
        await check_queues(settings, ami, file.book)
        watch.watch(tuple(wanted_queues(settings, file.book)))
        sentences = [sentence for text in _says(file.book) for sentence in split_sentences(text)]
        try:
            await asyncio.gather(*(synthesiser.synthesise(sentence) for sentence in sentences))
        except SpeakingFailed as error:
            log.warning("new sentences not spoken in advance", error=error.message)

    return accept
