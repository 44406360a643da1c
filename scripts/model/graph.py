"""Builds the decoding graph (HCLG.fst) from lexicon, language model and the acoustic model's transitions."""

import math
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import kaldifst
import kaldilm
from acoustics import CLASS_OF, LEFT_CLASSES, POSITIONS, SILENCE, STAY_OR_LEAVE, Transitions, phone_ids
from lexicon import Lexicon, Pronunciation

SILENCE_AFTER_WORD = 0.15
LESS_USUAL = 0.35  # cost of every pronunciation but the first

Arc = tuple[int, int, int, int, float]  # from, to, input label, output label, cost
Final = tuple[int, float]


def word_ids(lexicon: Lexicon) -> dict[str, int]:
    """Numbers of the words; #0 stands for the language model's back-off arcs."""
    return {word: number for number, word in enumerate(["<eps>", *sorted(lexicon), "#0", "<s>", "</s>"])}


def build_graph(lexicon: Lexicon, arpa: str, folder: Path) -> tuple[int, int]:
    """Write HCLG.fst, words.txt, phones.txt and word_boundary.int for `arpa` into `folder`; returns states and arcs."""
    words, phones = word_ids(lexicon), phone_ids()
    _write_symbols(words, phones, folder)
    grammar = _grammar(arpa, folder / "words.txt")
    pronunciations, disambiguations = _lexicon_arcs(lexicon, words, phones)
    lexicon_fst = _compile(pronunciations, [(1, 0.0)])
    kaldifst.arcsort(lexicon_fst, "olabel")
    kaldifst.arcsort(grammar, "ilabel")
    composed = kaldifst.compose(lexicon_fst, grammar)
    kaldifst.determinize_star(composed)
    kaldifst.minimize_encoded(composed)
    kaldifst.arcsort(composed, "ilabel")
    transitions = Transitions()
    context = _compile(_context_arcs(transitions, phones, disambiguations), [(left, 0.0) for left in range(len(LEFT_CLASSES))])
    kaldifst.arcsort(context, "olabel")
    graph = kaldifst.compose(context, composed)
    kaldifst.determinize_star(graph)
    arcs, finals = _arcs(graph, transitions.count)
    graph = _compile(arcs, finals, graph.start)
    kaldifst.minimize_encoded(graph)
    arcs, finals = _arcs(graph, transitions.count)
    # Self-loops come last: Vosk expects a phone's entering transition before the one that stays.
    arcs = _with_self_loops(arcs, graph.start, graph.num_states)
    graph = _compile(arcs, finals, graph.start, digits=4)
    graph.write(str(folder / "HCLG.fst"))
    return graph.num_states, len(arcs)


def _write_symbols(words: dict[str, int], phones: dict[str, int], folder: Path) -> None:
    (folder / "phones").mkdir(parents=True, exist_ok=True)
    (folder / "words.txt").write_text("".join(f"{word} {number}\n" for word, number in words.items()), encoding="utf-8")
    named = {"<eps>": 0, **phones}
    (folder / "phones.txt").write_text("".join(f"{phone} {number}\n" for phone, number in named.items()), encoding="utf-8")
    places = [f"{number} {POSITIONS[phone[-1]] if phone != SILENCE else 'nonword'}\n" for phone, number in phones.items()]
    (folder / "phones" / "word_boundary.int").write_text("".join(places), encoding="utf-8")


def _grammar(arpa: str, words: Path) -> kaldifst.StdVectorFst:
    with tempfile.NamedTemporaryFile("w", suffix=".arpa", encoding="utf-8") as file:
        file.write(arpa)
        file.flush()
        text = kaldilm.arpa2fst(input_arpa=file.name, disambig_symbol="#0", read_symbol_table=str(words))
    return kaldifst.compile(text, acceptor=False)


def _lexicon_arcs(lexicon: Lexicon, words: dict[str, int], phones: dict[str, int]) -> tuple[list[Arc], int]:
    """Phones in, words out. State 0 starts, 1 is between words, 2 demands silence, 3 follows a silence.

    Homophones, and words that begin other words, end in an extra symbol of their own (#1, #2 …): without it the graph could
    not be determinized. Also returns the number of these symbols, #0 included.
    """
    entries = [(word, _positions(said), rank) for word in sorted(lexicon) for rank, said in enumerate(lexicon[word])]
    alike = Counter(said for _, said, _ in entries)
    prefixes = {said[:length] for _, said, _ in entries for length in range(1, len(said))}
    used: Counter[Pronunciation] = Counter()
    no_silence, silence = -math.log(1 - SILENCE_AFTER_WORD), -math.log(SILENCE_AFTER_WORD)
    first_symbol = len(phones) + 1  # #0
    arcs: list[Arc] = []
    following = 4
    for word, said, rank in entries:
        labels = [phones[phone] for phone in said]
        if alike[said] > 1 or said in prefixes:
            used[said] += 1
            labels.append(first_symbol + used[said])
        state, output, cost = 1, words[word], LESS_USUAL if rank else 0.0
        for label in labels[:-1]:
            arcs.append((state, following, label, output, cost))
            state, output, cost, following = following, 0, 0.0, following + 1
        arcs.append((state, 1, labels[-1], output, cost + no_silence))
        arcs.append((state, 2, labels[-1], output, cost + silence))
    after_silence = max(used.values(), default=0) + 1
    arcs += [(0, 1, 0, 0, no_silence), (0, 3, phones[SILENCE], 0, silence), (2, 3, phones[SILENCE], 0, 0.0)]
    arcs += [(3, 1, first_symbol + after_silence, 0, 0.0), (1, 1, first_symbol, words["#0"], 0.0)]
    return arcs, after_silence + 1


def _positions(said: Pronunciation) -> Pronunciation:
    """The phones with their places in the word, by which the recogniser finds the word's start and end times."""
    if len(said) == 1:
        return (f"{said[0]}_S",)
    return (f"{said[0]}_B", *(f"{phone}_I" for phone in said[1:-1]), f"{said[-1]}_E")


def _context_arcs(transitions: Transitions, phones: dict[str, int], disambiguations: int) -> list[Arc]:
    """Transitions in, phones out; the state is the class of the phone before. Extra symbols pass through."""
    arcs: list[Arc] = []
    for left in range(len(LEFT_CLASSES)):
        for phone, number in phones.items():
            own = CLASS_OF[phone if phone == SILENCE else phone[:-2]]
            arcs.append((left, own, transitions.entering(phone, left), number, STAY_OR_LEAVE))
        for symbol in range(disambiguations):
            arcs.append((left, left, transitions.count + 1 + symbol, len(phones) + 1 + symbol, 0.0))
    return arcs


def _with_self_loops(arcs: Sequence[Arc], start: int, states: int) -> list[Arc]:
    """Let every state be stayed in by the transition that entered it; states entered by several are split first."""
    entered: defaultdict[int, set[int]] = defaultdict(set)
    for _, target, label, _, _ in arcs:
        entered[target].add(label)
    entered[start].add(0)
    copies: dict[tuple[int, int], int] = {}
    added: list[Arc] = []
    for state, labels in sorted(entered.items()):
        if len(labels) == 1:
            label = next(iter(labels))
            if label:
                added.append((state, state, label - 1, 0, STAY_OR_LEAVE))
            continue
        for label in sorted(labels - {0}):
            copy = copies[state, label] = states
            added += [(copy, copy, label - 1, 0, STAY_OR_LEAVE), (copy, state, 0, 0, 0.0)]
            states += 1
    return [(source, copies.get((target, label), target), label, out, cost) for source, target, label, out, cost in arcs] + added


def _arcs(fst: kaldifst.StdVectorFst, transitions: int) -> tuple[list[Arc], list[Final]]:
    """All arcs and final states, with the extra symbols (labels above the last transition) turned into nothing."""
    arcs, finals = [], []
    for state in range(fst.num_states):
        for arc in kaldifst.ArcIterator(fst, state):
            arcs.append((state, arc.nextstate, arc.ilabel if arc.ilabel <= transitions else 0, arc.olabel, arc.weight.value))
        cost = fst.final(state).value
        if not math.isinf(cost):
            finals.append((state, cost))
    return arcs, finals


def _compile(arcs: Sequence[Arc], finals: Sequence[Final], start: int = 0, digits: int = 6) -> kaldifst.StdVectorFst:
    """OpenFst takes the source of the first arc for the start state."""
    ordered = sorted(arcs, key=lambda arc: (arc[0] != start, arc[0]))
    lines = [f"{source} {target} {into} {out} {cost:.{digits}g}" for source, target, into, out, cost in ordered]
    lines += [f"{state} {cost:.{digits}g}" for state, cost in finals]
    return kaldifst.compile("\n".join(lines) + "\n", acceptor=False)
