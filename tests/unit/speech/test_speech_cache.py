"""Sentences are kept within bounds, the least recently used goes first."""

import os
from pathlib import Path

from ari_app.speech.speech_cache import SpeechCache


def test_memory_is_bounded_by_bytes_and_drops_the_least_recently_used() -> None:
    cache = SpeechCache(None, memory_bytes=30)
    cache.remember("a", bytes(10))
    cache.remember("b", bytes(10))
    cache.remember("c", bytes(10))
    cache.remembered("a")
    cache.remember("d", bytes(10))
    assert cache.remembered("b") is None
    assert cache.remembered("a") == cache.remembered("c") == cache.remembered("d") == bytes(10)


def test_a_sentence_that_is_remembered_again_counts_once() -> None:
    cache = SpeechCache(None, memory_bytes=30)
    cache.remember("a", bytes(10))
    for _ in range(5):
        cache.remember("b", bytes(10))
    assert cache.remembered("a") == bytes(10)


def test_the_disk_is_bounded_by_bytes_and_the_oldest_goes(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path, disk_bytes=25)
    for age, key in ((300, "a"), (200, "b")):
        cache.write(key, bytes(10))
        os.utime(tmp_path / f"{key}.pcm", (1_000_000 - age, 1_000_000 - age))
    cache.write("c", bytes(10))
    assert cache.read("a") is None
    assert cache.read("b") == cache.read("c") == bytes(10)


def test_keys_depend_on_every_part_and_on_where_it_ends() -> None:
    keys = {SpeechCache.key("ab", "c"), SpeechCache.key("a", "bc"), SpeechCache.key("ab", "c", "d")}
    assert len(keys) == 3


def test_without_a_folder_nothing_is_written() -> None:
    cache = SpeechCache(None)
    cache.write("a", bytes(10))
    assert cache.read("a") is None
