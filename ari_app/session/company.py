"""Keeps the caller company while a human is fetched: remark after remark, with pauses that never feel like being left alone.

The assistant's last words are timed to the agent's arrival: the line that hands over starts before the whisper ends and is
still heard for a moment after the join, so that neither side meets a silent line.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from ari_app.session.voice import Voice

PAUSE = 0.28  # seconds between remarks: below what people take for a dropped line
REPLY_PATIENCE = 0.45  # how long a reply to the caller is waited for after the caller paused
CALLER_PATIENCE = 12.0  # a caller (or a noise) that goes on longer than this is not waited for
ANNOUNCE_PATIENCE = 2.5  # how long an announcement waits for a caller who speaks on
OVERLAP = 0.35  # the hand-off line goes on this long after the join
JOIN_DELAY = 0.06  # from the whisper's end until the two hear each other
BREATH = 0.1  # the pause between sentences once the join is planned
LONGEST_PAUSE = 0.36
FILLERS = (
    "One moment.",
    "Nearly there.",
    "Just a moment more.",
    "They are reading my notes.",
    "It will only take a moment longer.",
    "My colleague is just reading the details now.",
    "My colleague is reading my notes about your call, and will be with you in just a moment.",
)


class Company:
    """One per call. `next_remark(n)` gives the n-th remark, `told(text)` is called for each text that is begun."""

    def __init__(
        self,
        voice: Voice,
        next_remark: Callable[[int], str],
        split: Callable[[str], Sequence[str]],
        told: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._voice, self._next_remark, self._split, self._told, self._clock = voice, next_remark, split, told, clock
        self._spoken = 0
        self._join: tuple[float, str] | None = None
        self._handed_off = False
        self._keeping = False
        self._caller_since: float | None = None
        self._reply_by = 0.0
        self._changed = asyncio.Event()
        self._pending = ""
        self._fillers: list[str] = []
        self._announcement = ""
        self._announce_by = 0.0

    def start(self) -> None:
        self._keeping, self._handed_off, self._join = True, False, None
        self._changed.set()

    def announce(self, text: str) -> None:
        """Say `text` to its end as soon as the caller does not speak, and after ANNOUNCE_PATIENCE in any case."""
        self._announcement, self._announce_by = text, self._clock() + ANNOUNCE_PATIENCE
        if self._caller_since is None:
            self._announce()

    def plan_join(self, seconds: float, hand_off: str) -> None:
        """The agent joins in `seconds`."""
        self._join = (self._clock() + seconds + JOIN_DELAY, hand_off)
        self._fillers = list(FILLERS)

    def end(self, hand_off: str) -> None:
        """The agent is there now (or the company is over, with an empty `hand_off`)."""
        keeping, self._keeping, self._announcement = self._keeping, False, ""
        if not keeping:
            return
        if self._handed_off:
            self._voice.interrupt()  # what waits behind the hand-off line has come too late
            return
        self._voice.interrupt(firm=bool(hand_off))
        if hand_off:
            self._hand_off(hand_off)

    def caller_started(self) -> None:
        self._caller_since = self._clock()

    def caller_goes_on(self) -> None:
        """Words are coming in, after a pause too."""
        if self._caller_since is None:
            self._caller_since = self._clock()

    def caller_paused(self, *, said_words: bool) -> None:
        self._caller_since = None
        self._reply_by = self._clock() + (REPLY_PATIENCE if said_words else 0.0)
        self._announce()

    def replied(self) -> None:
        """The assistant has something to say to what the caller said: no need to wait for it any longer."""
        self._reply_by = 0.0

    async def run(self) -> None:
        """The company's task; ends when it is cancelled."""
        remarks = self._sentences()
        while True:
            if not self._keeping or self._handed_off:
                self._changed.clear()
                await self._changed.wait()
                continue
            await self._voice.silent()
            if await self._wait_for_caller():
                continue
            text = await self._fit(remarks)
            if text and self._keeping and not self._voice.busy:
                self._told(text)
                await self._voice.say(text).wait()
            await asyncio.sleep(PAUSE if self._join is None else BREATH)

    async def _wait_for_caller(self) -> bool:
        """True when it waited: the caller speaks, or a reply to the caller is on its way."""
        now = self._clock()
        if self._announcement and now >= self._announce_by:
            self._announce()
            return True
        speaking = self._caller_since is not None and now - self._caller_since < CALLER_PATIENCE
        if not speaking and now >= self._reply_by:
            return False
        await asyncio.sleep(0.03)
        return True

    async def _fit(self, remarks: Iterator[str]) -> str | None:
        """The next sentence, or what fills the time until the hand-off line must begin."""
        sentence = self._pending or next(remarks)
        self._pending = sentence
        length = await self._voice.prepare(sentence)
        if self._join is None:
            self._pending = ""
            return sentence
        joins_at, line = self._join
        room = joins_at + OVERLAP - await self._voice.prepare(line) - self._clock()
        choice = best_fit(room, [(sentence, length), *[(text, await self._voice.prepare(text)) for text in self._fillers]])
        if choice is None:
            await asyncio.sleep(min(max(0.0, room), LONGEST_PAUSE))
            if self._keeping and not self._handed_off:
                self._hand_off(line)
        elif choice == sentence:
            self._pending = ""
        else:
            self._fillers.remove(choice)
        return choice

    def _announce(self) -> None:
        text, self._announcement = self._announcement, ""
        if text:
            self._voice.say(text, firm=True)

    def _hand_off(self, line: str) -> None:
        self._handed_off = True
        self._told(line)
        self._voice.say(line, firm=True)

    def _sentences(self) -> Iterator[str]:
        """Remarks without end, sentence by sentence, so that the hand-off never waits for a long one."""
        while True:
            remark = self._next_remark(self._spoken)
            self._spoken += 1
            yield from self._split(remark)


def best_fit(room: float, choices: Sequence[tuple[str, float]]) -> str | None:
    """The first of `choices` (text, seconds) that fits into `room` seconds and leaves no awkward rest; else the longest one.

    A rest is awkward when it is too long for a pause and too short for anything else. None: nothing fits.
    """
    fitting = [(text, seconds) for text, seconds in choices if seconds <= room]
    if not fitting or room <= LONGEST_PAUSE:
        return None
    shortest = min(seconds for _, seconds in choices)
    rests = {text: room - seconds - BREATH for text, seconds in fitting}
    smooth = [text for text, _ in fitting if rests[text] <= LONGEST_PAUSE or rests[text] >= shortest]
    return smooth[0] if smooth else max(fitting, key=lambda one: one[1])[0]
