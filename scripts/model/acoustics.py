"""What the graph must know of the acoustic model (am/final.mdl): its phones, and the numbers of its transitions.

Every phone has one state. The score of its first 30 ms depends on the class of the phone before it, that of the rest on the phone
alone. Kaldi numbers these pairs in sorted order; pair k has transition 2k - 1 (stay) and 2k (enter).
"""

from collections.abc import Sequence

SILENCE = "sil"
PHONES = tuple(
    "aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v w y z zh".split()  # noqa: SIM905
)
LEFT_CLASSES: Sequence[frozenset[str]] = [
    frozenset(group.split())
    for group in (
        "sil",
        "iy ih ey eh ae y",
        "ay oy",
        "aa ao ah ax",
        "ow uw uh aw w",
        "er r",
        "l",
        "p t k ch",
        "b d g jh",
        "m n ng",
        "f th s sh hh",
        "v dh z zh",
    )
]
CLASS_OF = {phone: number for number, phones in enumerate(LEFT_CLASSES) for phone in phones}
POSITIONS = {"B": "begin", "I": "internal", "E": "end", "S": "singleton"}  # in the word
STAY_OR_LEAVE = 0.693147  # -log 0.5: the topology gives both the same weight


def phone_ids() -> dict[str, int]:
    """Kaldi's numbers: silence is 1, then every phone in four positions."""
    names = [SILENCE, *(f"{phone}_{position}" for phone in PHONES for position in POSITIONS)]
    return {name: number for number, name in enumerate(names, 1)}


class Transitions:
    """Numbers of the transitions that enter a phone, by the class of the phone before it."""

    def __init__(self) -> None:
        ids = phone_ids()
        stay = {phone: number for number, phone in enumerate((SILENCE, *PHONES))}
        enter = {
            (phone, left): len(stay) + len(LEFT_CLASSES) * index + left
            for index, phone in enumerate(PHONES)
            for left in range(len(LEFT_CLASSES))
        }
        pairs = {(SILENCE, left): (ids[SILENCE], 0, 0) for left in range(len(LEFT_CLASSES))}
        for name, number in ids.items():
            if name != SILENCE:
                phone = name[:-2]
                pairs |= {(name, left): (number, enter[phone, left], stay[phone]) for left in range(len(LEFT_CLASSES))}
        rank = {pair: index for index, pair in enumerate(sorted(set(pairs.values())), 1)}
        self._entering = {key: 2 * rank[pair] for key, pair in pairs.items()}
        self.count = 2 * len(rank)

    def entering(self, phone: str, left: int) -> int:
        """`phone` with its position ("ae_I", "sil"). The transition that stays in it has the number before."""
        return self._entering[phone, left]
