"""How every word of the embedded model is spoken, read from lexicon.txt, and how new words get into that file.

    lexicon.py --cmudict FILE [--flite PROGRAM]     add the words of sentences/ that lexicon.txt does not have yet

FILE is the plain dictionary of Carnegie Mellon University (cmudict.dict, BSD licence, see LICENSE.cmudict); only the words
needed are copied. The flite program, when given, adds what it really says where that differs: synthesised callers say it so.
"""

import argparse
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from acoustics import PHONES
from sentences import read_sentences

HERE = Path(__file__).parent
LEXICON = HERE / "lexicon.txt"

Pronunciation = tuple[str, ...]
Lexicon = dict[str, list[Pronunciation]]


def read_lexicon(path: Path = LEXICON) -> Lexicon:
    """Word → pronunciations, the most usual first. One `word phone phone …` a line."""
    lexicon: Lexicon = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        if line and not line.startswith("#"):
            word, *phones = line.split()
            lexicon.setdefault(word, []).append(tuple(phones))
    return lexicon


def missing_words(sentences: Iterable[str], lexicon: Mapping[str, object]) -> list[str]:
    return sorted({word for sentence in sentences for word in sentence.split()} - set(lexicon))


def read_cmudict(path: Path) -> Lexicon:
    """Carnegie Mellon's dictionary in the model's phones: lower case, no stress, AH0 apart as `ax`."""
    lexicon: Lexicon = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *symbols = line.partition(" #")[0].split()
        phones = tuple("ax" if symbol == "AH0" else symbol.rstrip("012").lower() for symbol in symbols)
        lexicon.setdefault(re.sub(r"\(\d\)$", "", word), []).append(phones)
    return lexicon


def said_by_flite(words: list[str], program: str) -> Mapping[str, Pronunciation]:
    """What flite says for each word alone."""
    found = {}
    for word in words:
        run = subprocess.run([program, "-ps", "-t", word, "-o", "none"], capture_output=True, text=True, check=True, timeout=30)
        phones = tuple(phone for phone in run.stdout.split() if phone in PHONES)
        if phones:
            found[word] = phones
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cmudict", type=Path, required=True, help="path of cmudict.dict")
    parser.add_argument("--flite", help="flite program, to add what it says")
    options = parser.parse_args()
    lexicon, dictionary = read_lexicon(), read_cmudict(options.cmudict)
    wanted = missing_words(read_sentences(HERE / "sentences"), lexicon)
    spoken = said_by_flite(wanted, options.flite) if options.flite else {}
    for word in wanted:
        variants = [*dictionary.get(word, ()), *([spoken[word]] if word in spoken else ())]
        if variants:
            lexicon[word] = list(dict.fromkeys(variants))
    lines = [f"{word} {' '.join(phones)}" for word in sorted(lexicon) for phones in lexicon[word]]
    header = (
        "# Pronunciations: CMUdict, Copyright (C) 1993-2015 Carnegie Mellon University (see LICENSE.cmudict), and flite's own."
    )
    LEXICON.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    print(f"{len(lexicon)} words, {len(lines)} pronunciations")
    still = [word for word in wanted if word not in lexicon]
    if still:
        raise SystemExit(f"no pronunciation found for: {' '.join(still)}")


if __name__ == "__main__":
    main()
