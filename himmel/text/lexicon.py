"""Prompts to numbers: whole words from a closed lexicon; everything else is spelled in bytes or left out.

Numbers: 0 is padding, 1 to 256 are bytes 0 to 255, 257 onwards are the words of the lexicon in its order.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from himmel.errors import UsageError
from himmel.text.config import TextConfig

__all__ = ["FIRST_WORD", "PAD", "Tokens", "normalise", "suggest", "tokenize"]

PAD = 0
FIRST_BYTE = 1
FIRST_WORD = 257

# A word may hold inner hyphens and apostrophes; every other sign stands alone.
PIECE = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*|[^\w\s]|_")


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Prompts as numbers.

    ids: int64 [B, S], padded with 0. unknown: per prompt, the words that the lexicon lacks. dropped: per prompt,
    how many numbers did not fit into S.
    """

    ids: Tensor
    unknown: tuple[tuple[str, ...], ...]
    dropped: tuple[int, ...]


def normalise(prompt: str, lexicon: Sequence[str]) -> tuple[str, ...]:
    """The words and marks of a prompt, lower case: marks that the lexicon lacks are left out.

    Hyphenated words that the lexicon lacks fall apart at their hyphens.

    >>> normalise("A Red-Hot ball, rolling!", ("a", "ball", ","))
    ('a', 'red', 'hot', 'ball', ',', 'rolling')
    """
    known = _numbers(tuple(lexicon))
    return tuple(_pieces(prompt, known))


def tokenize(prompts: Sequence[str], config: TextConfig, *, spell: bool = True) -> Tokens:
    """Number the words of every prompt; a prompt without words becomes all padding, which means no text.

    spell: whether words that the lexicon lacks are spelled in bytes, which only a model that met such words in
    training can read; else they are left out. Raises UsageError when a prompt is not a string.
    """
    known = _numbers(config.lexicon)
    rows, unknown, dropped = [], [], []
    for prompt in prompts:
        if not isinstance(prompt, str):
            raise UsageError(f"a prompt must be text, not {type(prompt).__name__}")
        pieces = tuple(_pieces(prompt, known))
        row = [number for piece in pieces if spell or piece in known for number in _spell(piece, known)]
        rows.append(row[: config.length] + [PAD] * (config.length - len(row)))
        unknown.append(tuple(dict.fromkeys(piece for piece in pieces if piece not in known)))
        dropped.append(max(0, len(row) - config.length))
    ids = torch.tensor(rows, dtype=torch.int64).view(len(rows), config.length)
    return Tokens(ids=ids, unknown=tuple(unknown), dropped=tuple(dropped))


def suggest(word: str, lexicon: Sequence[str], *, limit: int = 3) -> tuple[str, ...]:
    """The known words most like `word`, best first; empty when none is near.

    >>> suggest("blu", ("blue", "red", "black"))
    ('blue',)
    """
    return tuple(difflib.get_close_matches(word.lower(), lexicon, n=limit, cutoff=0.6))


def _pieces(prompt: str, known: dict[str, int]) -> Iterator[str]:
    # The typographic apostrophe is folded by hand: NFKC keeps it.
    text = unicodedata.normalize("NFKC", prompt).lower().replace("\u2019", "'")
    for match in PIECE.finditer(text):
        piece = match[0]
        if piece in known:
            yield piece
        elif piece[0].isalnum():
            yield from piece.split("-")


def _spell(piece: str, known: dict[str, int]) -> list[int]:
    if piece in known:
        return [known[piece]]
    # The space keeps neighbouring unknown words apart.
    return [FIRST_BYTE + byte for byte in f" {piece}".encode()]


@lru_cache(maxsize=8)
def _numbers(lexicon: tuple[str, ...]) -> dict[str, int]:
    for word in lexicon:
        if not PIECE.fullmatch(word) or word != word.lower():
            raise UsageError(f'the lexicon\'s "{word}" is not one lower-case word or mark; split or rewrite it')
    return {word: FIRST_WORD + number for number, word in enumerate(lexicon)}
