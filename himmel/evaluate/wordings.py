"""Texts that say too little: nothing at all, one word, words that the model does not have.

Whoever types them must get a video, and be told what was left out; an empty text must be refused in a sentence
that says what to do, and so may be a word that is in no language that is read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from himmel.errors import HimmelError, UsageError
from himmel.generate import Pipeline

__all__ = ["Wording", "answered", "wordings"]

FRAMES = 5  # enough to be a video
FIRST_SEED = 39_000_000
STRANGE = (
    "violin", "lighthouse", "dragon", "umbrella", "cactus", "helicopter", "guitar", "octopus", "castle", "kettle",
    "xylophone", "zebra", "quokka", "blimp", "teapot", "lantern", "volcano", "submarine", "telescope", "accordion",
    "qwrtzpf", "asdfgh", "loremipsum", "ümläut", "日本", "привет", "3000", "snorkel", "mandolin", "parachute",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Wording:
    """A text, the seed to make it with, and what is expected: "video", "refusal" or "either".

    strange: the word that a note with the video must name, "" for none.
    """

    text: str
    seed: int
    expected: str
    strange: str = ""


def wordings(count: int, lexicon: Sequence[str]) -> Iterator[Wording]:
    """`count` texts for a model with these words: an empty one, then by turns a single word and a strange one."""
    words = sorted(word for word in lexicon if word.isalpha())
    unknown = [word for word in STRANGE if word not in lexicon]
    for index in range(count):
        seed = FIRST_SEED + index
        if index == 0:
            yield Wording(text="", seed=seed, expected="refusal")
        elif index % 2 and words:
            yield Wording(text=words[index // 2 * len(words) * 2 // (count + 1) % len(words)], seed=seed,
                          expected="video")  # fmt: skip
        else:
            strange = unknown[index // 2 % len(unknown)]
            if index % 4:
                yield Wording(text=strange, seed=seed, expected="either", strange=strange)
            else:
                text = f"a red {strange} rolls to the left"
                yield Wording(text=text, seed=seed, expected="video", strange=strange)


def answered(pipe: Pipeline, wording: Wording, options: dict[str, Any]) -> bool:
    """Whether a model answers a text as it should."""
    seconds = FRAMES / pipe.facts.card.fps
    try:
        clip = pipe(wording.text, seconds=seconds, seed=wording.seed, **options)
    except UsageError as error:
        return wording.expected != "video" and "; " in str(error)
    except HimmelError:
        return False
    size = clip.plan.shots[0].size
    whole = clip.frames.shape == (FRAMES, size.height, size.width, 3) and np.ptp(clip.frames) > 0
    noted = not wording.strange or any(f'"{wording.strange}" is ' in note for note in clip.plan.notes)
    return bool(whole and noted and wording.expected != "refusal")
