"""Which words of a caption the weights know: unknown and untrained ones are named, never replaced."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from himmel.weights import Card

__all__ = ["Reading", "read_words"]

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

# Words without a picture of their own: weights need not have been taught them one by one.
FUNCTION_WORDS = frozenset(
    "a an and are as at be behind by for from goes has he her his in into is it its my of on one onto or our "
    "out over past she so some than that the their then there these they this to up very was we "
    "which while with".split()
)

# Words that look unlike any trained word but mean nearly the same; used to suggest, not to substitute.
SUGGESTIONS = {
    "alien": "robot", "aircraft": "airplane", "bus": "truck", "box": "cube", "bike": "car", "boy": "man",
    "child": "woman", "crimson": "red", "scarlet": "red", "maroon": "red", "gold": "yellow", "golden": "yellow",
    "grey": "white", "gray": "white", "black": "brown", "turquoise": "cyan", "teal": "cyan", "navy": "blue",
    "violet": "purple", "magenta": "pink", "beige": "brown", "lime": "green", "huge": "big", "large": "big",
    "giant": "big", "tiny": "small", "little": "small", "quick": "fast", "quickly": "fast", "slowly": "slow",
    "beach": "sea", "ocean": "sea", "lake": "sea", "river": "sea", "grass": "meadow", "field": "meadow",
    "woods": "forest", "jungle": "forest", "dunes": "desert", "sand": "desert", "town": "city", "road": "street",
    "elephant": "mammoth", "wolf": "dog", "lion": "cat", "tiger": "cat", "deer": "horse", "cow": "horse",
    "eagle": "bird", "duck": "bird", "shark": "fish", "whale": "fish", "person": "man", "girl": "woman",
    "runs": "walks", "swims": "moves", "hovers": "flies", "tumbles": "falls", "hops": "jumps", "zoom": "dolly",
    "zooms": "moves", "anime": "cartoon", "noir": "black-and-white", "painting": "watercolour",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The words of a caption the weights cannot be expected to follow.

    unknown: (word, nearest trained words) of words outside the lexicon. untrained: words the lexicon has and
    the training captions had not.
    """

    unknown: tuple[tuple[str, tuple[str, ...]], ...] = ()
    untrained: tuple[str, ...] = ()

    def notes(self) -> tuple[str, ...]:
        """One sentence for each word, for the user and the plan."""
        notes = [
            f'"{word}" is not a word the model has'
            + (f"; nearest it knows: {', '.join(near)}" if near else "; it will have little effect")
            for word, near in self.unknown
        ]
        notes += [
            f'"{word}" is a word the model has but was not trained on; expect little' for word in self.untrained
        ]
        return tuple(notes)


def read_words(caption: str, card: Card) -> Reading:
    """Compare the words of `caption` with what `card` knows; without a list on the card nothing is claimed.

    >>> card = Card(name="tiny", knows={"colour": ("red", "blue")}, lexicon=("red", "blue", "violin", "a"))
    >>> read_words("a redd violin", card).notes()[0]
    '"redd" is not a word the model has; nearest it knows: red'
    """
    trained = {word for phrases in card.knows.values() for phrase in phrases for word in _words(phrase)}
    lexicon = {word for entry in card.lexicon for word in _words(entry)} | trained | FUNCTION_WORDS
    unknown, untrained = [], []
    for word in dict.fromkeys(_words(caption)):
        if card.lexicon and word not in lexicon:
            unknown.append((word, _nearest(word, trained)))
        elif trained and word not in trained and word not in FUNCTION_WORDS:
            untrained.append(word)
    return Reading(unknown=tuple(unknown), untrained=tuple(untrained))


def _words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def _nearest(word: str, trained: set[str]) -> tuple[str, ...]:
    meant = SUGGESTIONS.get(word)
    near = get_close_matches(word, sorted(trained), n=3, cutoff=0.72)
    return tuple(dict.fromkeys(([meant] if meant is not None and meant in trained else []) + near))
