"""A language model as the writer of captions: any chat endpoint that speaks as OpenAI's, a local one included.

Off unless it is asked for. What it answers is checked, and rules take its place where it is down or answers
nonsense.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from himmel.director.lexicon import load_language
from himmel.errors import HimmelError, UsageError

__all__ = ["ChatWriter", "Write", "objection"]

Write: TypeAlias = Callable[[str, Sequence[str]], str]
"""A text and the words a model has -> a caption; raises HimmelError where there is none."""

LONGEST = 600  # characters of a caption
BYTES = 1 << 20  # of an answer that are read
KNOWN = 0.8  # of a caption's words that the model must have
KEPT = ("nouns", "colours", "unknown")
TASK = (
    "You complete short descriptions of videos. Answer with one caption and nothing else: one sentence that says "
    "who does what, where and in which light, then one on the camera and one on the style. Keep every person, "
    "animal, thing and colour of the description, and add no others. Example: a red wooden ball rolls to the left "
    "in the snow in daylight. the camera does not move. realistic style. Use only these words: {words}"
)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Refuses to be sent elsewhere: the key is for one address alone."""

    def redirect_request(self, *args: Any, **options: Any) -> None:
        """Follow nothing."""


@dataclass(frozen=True, kw_only=True)
class ChatWriter:
    """Asks the model `model` at `address`, such as "http://localhost:11434/v1".

    key: sent as a bearer token, if any. seconds: how long to wait. Raises UsageError for what is no address.
    """

    address: str
    model: str
    key: str = field(default="", repr=False)
    seconds: float = 30.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise UsageError(
                f'the writer\'s address "{self.address[:60]}" is none; give one such as http://localhost:11434/v1'
            )

    def __call__(self, text: str, words: Sequence[str]) -> str:
        """The caption for a text in the words of a model; raises HimmelError where no answer comes."""
        body = {
            "model": self.model,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": TASK.format(words=" ".join(words))},
                {"role": "user", "content": text},
            ],
        }
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self.key}"} if self.key else {}
        )
        url = f"{self.address.rstrip('/').removesuffix('/chat/completions')}/chat/completions"
        asked = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
        opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=self.seconds) as answer:
                told = json.loads(answer.read(BYTES))["choices"][0]["message"]["content"]
        except urllib.error.HTTPError as error:
            with error:
                raise HimmelError(f"it answered {error.code}") from error
        except (OSError, HTTPException) as error:
            raise HimmelError("it does not answer") from error
        except (ValueError, LookupError, TypeError) as error:
            raise HimmelError("its answer is not that of a chat endpoint") from error
        if not isinstance(told, str):
            raise HimmelError("its answer holds no text")
        return " ".join(told.split()).strip("\"' ")


def objection(text: str, caption: str, words: Sequence[str]) -> str:
    """What speaks against a caption written for a text, "" for nothing.

    >>> objection("a red ball", "a red cube", ())
    'its caption leaves out "ball"'
    """
    if not caption or len(caption) > LONGEST:
        return f"its caption has {len(caption)} characters"
    english = load_language("en")
    kept = {item.name.casefold() for item in english.items(caption)}
    for item in english.items(text):
        if item.kind in KEPT and item.name.casefold() not in kept:
            return f'its caption leaves out "{item.said}"'
    if words:
        said = [item.said.casefold() for item in english.items(caption) if item.kind != "mark"]
        parts = [part for phrase in said for part in phrase.split()]
        if sum(part in words for part in parts) < KNOWN * len(parts):
            return "its caption has too many words that the model lacks"
    return ""
