"""A small trigram language model from sentences, with interpolated absolute discounting, in ARPA's format."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

START, END = "<s>", "</s>"
DISCOUNT = 0.6
FLATTENED = 0.65  # exponent on counts: templates repeat their parts far more evenly than people do
RARE_TRIGRAM = 1.5  # trigrams seen less often are left to the bigrams
SPELLED = frozenset("bcdefghjklmnopqrstuvwxyz")
SPELLED_SHARE = 0.15  # letters are frequent in the sentences, but only after another letter or "my reference is"
UNKNOWN_MASS = 0.02  # of the unigrams: for words of the lexicon that no sentence has

Gram = tuple[str, ...]


class TrigramModel:
    """Counts of `sentences`, smoothed. Words outside `vocabulary` are left out of the sentences."""

    def __init__(self, sentences: Iterable[str], vocabulary: Collection[str]) -> None:
        self._counts: list[Counter[Gram]] = [Counter(), Counter(), Counter()]
        known = set(vocabulary)
        for sentence in sentences:
            words = [START, *(word for word in sentence.split() if word in known), END]
            for order in (1, 2, 3):
                self._counts[order - 1].update(zip(*(words[shift:] for shift in range(order)), strict=False))
        for order in (2, 3):
            self._counts[order - 1] = Counter({gram: count**FLATTENED for gram, count in self._counts[order - 1].items()})
        del self._counts[0][START,]
        self._unigrams = self._smooth_unigrams(known)
        self._bigrams, self._bigram_backoff = self._smooth(2, 1, self._unigrams)
        self._trigrams, self._trigram_backoff = self._smooth(3, RARE_TRIGRAM, self._bigrams)

    def arpa(self) -> str:
        """The model as the text of an ARPA file."""
        lines = [
            "\\data\\",
            f"ngram 1={len(self._unigrams) + 1}",
            f"ngram 2={len(self._bigrams)}",
            f"ngram 3={len(self._trigrams)}",
        ]
        lines += ["", "\\1-grams:", f"-99\t{START}\t{_log(self._bigram_backoff[START,])}"]
        for gram, probability in sorted(self._unigrams.items()):
            backoff = "" if gram == (END,) else f"\t{_log(self._bigram_backoff.get(gram, 1.0))}"
            lines.append(f"{_log(probability)}\t{gram[0]}{backoff}")
        lines += ["", "\\2-grams:"]
        for gram, probability in sorted(self._bigrams.items()):
            backoff = f"\t{_log(self._trigram_backoff[gram])}" if gram in self._trigram_backoff else ""
            lines.append(f"{_log(probability)}\t{' '.join(gram)}{backoff}")
        lines += ["", "\\3-grams:"]
        lines += [f"{_log(probability)}\t{' '.join(gram)}" for gram, probability in sorted(self._trigrams.items())]
        return "\n".join([*lines, "", "\\end\\", ""])

    def sizes(self) -> tuple[int, int, int]:
        return len(self._unigrams), len(self._bigrams), len(self._trigrams)

    def _smooth_unigrams(self, vocabulary: set[str]) -> dict[Gram, float]:
        """Half by frequency, half by how many words a word follows; a small even share for words never seen."""
        counts = self._counts[0]
        follows = Counter(second for _, second in self._counts[1])
        total, kinds = sum(counts.values()), sum(follows.values())
        even = UNKNOWN_MASS / (len(vocabulary) + 1)
        weights = {
            word: (0.5 * counts[word,] / total + 0.5 * follows[word] / kinds) * (SPELLED_SHARE if word in SPELLED else 1.0)
            for word in (*vocabulary, END)
        }
        scale = (1 - UNKNOWN_MASS) / sum(weights.values())
        return {(word,): weight * scale + even for word, weight in weights.items()}

    def _smooth(self, order: int, fewest: float, lower: Mapping[Gram, float]) -> tuple[dict[Gram, float], dict[Gram, float]]:
        """Probabilities of the n-grams seen at least `fewest` times, and the back-off weight of every history."""
        history: Counter[Gram] = Counter()
        freed: defaultdict[Gram, float] = defaultdict(float)
        for gram, count in self._counts[order - 1].items():
            history[gram[:-1]] += count
            freed[gram[:-1]] += DISCOUNT if count >= fewest else count
        backoff = {past: freed[past] / total for past, total in history.items()}
        probabilities = {
            gram: (count - DISCOUNT) / history[gram[:-1]] + backoff[gram[:-1]] * lower[gram[1:]]
            for gram, count in self._counts[order - 1].items()
            if count >= fewest
        }
        kept = {gram[:-1] for gram in probabilities}
        return probabilities, {past: weight for past, weight in backoff.items() if past in kept}


def _log(probability: float) -> str:
    return f"{math.log10(max(probability, 1e-10)):.5f}"
