"""The rules file changes while the application runs: a good one is in force soon, a bad one is refused and the old one stays."""

import asyncio
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ari_app.errors import BadSettings
from ari_app.language.rules_file import RulesFile, read_rules
from ari_app.rules_in_force import RulesInForce
from ari_app.settings import AsteriskSettings, Settings
from ari_app.wiring_rules import ASK_AGAIN, MISSING_FOR, RulesWatch
from tests.session.virtual_time import InlineExecutor, run

FIRST = "threshold: 10\nqueue: support\n"
SECOND = "threshold: 7\nqueue: support\n"
BROKEN = "threshold: ten\nqueue: my queue\n"


class Watched:
    """A rules file that is watched, and what is told of it; `lacking`: queues that Asterisk does not have."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.write(FIRST)
        self.feed: list = []
        self.lacking: set[str] = set()
        settings = Settings(asterisk=AsteriskSettings(ari_password="a", ami_password="b"), rules=str(file), base=str(file.parent))
        self.rules = RulesInForce(read_rules(file))
        self.watch = RulesWatch(file, settings, self.rules, self._accept, self.feed.append, executor=InlineExecutor())

    async def __aenter__(self) -> "Watched":
        self._task = asyncio.create_task(self.watch.run())
        await asyncio.sleep(2.0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert not self._task.done()
        self._task.cancel()

    async def _accept(self, file: RulesFile) -> None:
        if lacking := {file.book.queue} & self.lacking:
            raise BadSettings(f"Asterisk has no queue {min(lacking)}.", "Add it.")

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    @property
    def threshold(self) -> float:
        return self.rules.scorer().scorer.rules.threshold

    def told(self) -> list[str]:
        return [item["type"] for item in self.feed]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rules.yaml"


def test_a_changed_file_is_in_force_within_two_seconds_and_told_once(file):
    async def scenario():
        async with Watched(file) as watched:
            was = watched.rules.file.fingerprint
            with capture_logs() as logs:
                watched.write(SECOND)
                await asyncio.sleep(2.0)
            assert watched.threshold == 7
            (item,) = watched.feed
            new = watched.rules.file.fingerprint
            assert (item["type"], item["fingerprint"], item["was"]) == ("rules changed", new, was) and new != was
            (line,) = logs
            assert line["event"] == "rules changed"
            assert (line["fingerprint"], line["rules"], line["at_once"], line["shadow"]) == (new, 4, 3, 0)

    run(scenario())


def test_nothing_is_told_while_the_file_stays_as_it_is_or_is_only_touched(file):
    async def scenario():
        async with Watched(file) as watched:
            scorer = watched.rules.scorer()
            os.utime(file, (1, 1))
            await asyncio.sleep(10.0)
            watched.write(FIRST)
            await asyncio.sleep(10.0)
            assert watched.feed == [] and watched.rules.scorer() is scorer

    run(scenario())


def test_an_editor_that_writes_by_renaming_is_followed(file):
    async def scenario():
        async with Watched(file) as watched:
            file.rename(file.with_suffix(".bak"))
            await asyncio.sleep(1.5)
            beside = file.with_suffix(".tmp")
            beside.write_text(SECOND, encoding="utf-8")
            beside.replace(file)
            await asyncio.sleep(2.0)
            assert watched.threshold == 7 and watched.told() == ["rules changed"]

    run(scenario())


def test_a_file_that_is_still_being_written_is_not_taken(file):
    async def scenario():
        async with Watched(file) as watched:
            for length in range(1, len(SECOND)):
                watched.write(SECOND[:length])
                await asyncio.sleep(0.2)
                assert watched.threshold == 10
            watched.write(SECOND)
            await asyncio.sleep(2.0)
            assert watched.threshold == 7 and watched.told() == ["rules changed"]

    run(scenario())


def test_a_broken_file_is_refused_with_its_reason_and_the_old_rules_stay(file):
    async def scenario():
        async with Watched(file) as watched:
            with capture_logs() as logs:
                watched.write(BROKEN)
                await asyncio.sleep(30.0)
            assert watched.threshold == 10
            (item,) = watched.feed
            assert item["type"] == "rules refused" and item["kept"] == watched.rules.file.fingerprint
            assert 'rules.yaml, line 1: threshold: "ten" is no number' in item["reason"] and "line 2" in item["reason"]
            (line,) = logs
            assert line["log_level"] == "error" and "(and 1 more: ari-app rules check)" in line["reason"]
            assert "threshold" in watched.rules.problem and str(file.parent) not in watched.rules.problem

    run(scenario())


@pytest.mark.parametrize(("text", "threshold", "then"), [(SECOND, 7, "rules changed"), (FIRST, 10, "rules back")])
def test_a_mended_file_ends_the_problem(file, text, threshold, then):
    async def scenario():
        async with Watched(file) as watched:
            watched.write(BROKEN)
            await asyncio.sleep(3.0)
            watched.write(text)
            await asyncio.sleep(3.0)
            assert watched.threshold == threshold and watched.rules.problem == ""
            assert watched.told() == ["rules refused", then]

    run(scenario())


def test_a_file_that_is_gone_is_told_after_a_while_and_the_old_rules_stay(file):
    async def scenario():
        async with Watched(file) as watched:
            file.unlink()
            await asyncio.sleep(MISSING_FOR - 1.0)
            assert watched.feed == [] and watched.rules.problem == ""
            await asyncio.sleep(3.0)
            assert watched.told() == ["rules refused"] and "No such file" in watched.rules.problem
            await asyncio.sleep(30.0)
            assert watched.threshold == 10 and watched.told() == ["rules refused"]
            watched.write(FIRST)
            await asyncio.sleep(3.0)
            assert watched.rules.problem == "" and watched.told() == ["rules refused", "rules back"]

    run(scenario())


def test_a_broken_file_that_goes_and_comes_back_is_told_again(file):
    async def scenario():
        async with Watched(file) as watched:
            watched.write(BROKEN)
            await asyncio.sleep(3.0)
            file.unlink()
            await asyncio.sleep(MISSING_FOR + 3.0)
            watched.write(BROKEN)
            await asyncio.sleep(3.0)
            assert "threshold" in watched.rules.problem

    run(scenario())


def test_rules_for_a_queue_that_asterisk_lacks_wait_until_it_is_there(file):
    async def scenario():
        async with Watched(file) as watched:
            watched.lacking = {"emergencies"}
            watched.write("threshold: 7\nqueue: emergencies\n")
            await asyncio.sleep(3.0)
            assert watched.threshold == 10 and "no queue emergencies" in watched.rules.problem
            await asyncio.sleep(2 * ASK_AGAIN)
            assert watched.told() == ["rules refused"]
            watched.lacking = set()
            await asyncio.sleep(ASK_AGAIN + 1.0)
            assert watched.threshold == 7 and watched.told() == ["rules refused", "rules changed"]

    run(scenario())


def test_rules_in_another_language_without_a_lexicon_are_refused(file):
    async def scenario():
        async with Watched(file) as watched:
            watched.write("language: tlh\n")
            await asyncio.sleep(3.0)
            assert "no lexicon" in watched.rules.problem and watched.threshold == 10

    run(scenario())


def test_rules_without_a_queue_of_their_own_go_to_the_settings_queue(file):
    async def scenario():
        async with Watched(file) as watched:
            watched.write("threshold: 7\n")
            await asyncio.sleep(3.0)
            assert watched.rules.file.book.queue == "support"

    run(scenario())
