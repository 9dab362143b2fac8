"""The policy as data: `policy.json` beside this file, readable by anyone, or another file of the same form."""

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from himmel.errors import UsageError

__all__ = ["POLICY_FORMAT", "Policy", "Rule", "default_policy", "normalised"]

POLICY_FORMAT = "himmel.policy/1"


def normalised(text: str) -> str:
    """`text` as the policy compares it: NFKC, case folded, no accents, nothing invisible, single spaces.

    >>> normalised("Ｎü\\u200bdé  -  now!")
    'nude now'
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    seen = "".join(c for c in text if unicodedata.category(c) not in ("Mn", "Cf", "Me"))
    return " ".join(re.findall(r"[^\W_]+", seen))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One refusal: it applies when each group of `all_of` has a phrase in the text, as whole words."""

    id: str
    reason: str
    all_of: tuple[tuple[str, ...], ...]

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(rf"\b(?:{'|'.join(map(re.escape, group))})\b") for group in self.all_of)

    def applies(self, text: str) -> bool:
        """Whether the rule refuses `text`, which must be `normalised`."""
        return all(pattern.search(text) for pattern in self._patterns)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Rules in the order they are asked."""

    rules: tuple[Rule, ...]

    def refusal(self, text: str) -> Rule | None:
        """The first rule that refuses `text`, or None."""
        plain = normalised(text)
        return next((rule for rule in self.rules if rule.applies(plain)), None)

    @classmethod
    def read(cls, path: Path) -> "Policy":
        """The policy in a JSON file of the form of `policy.json`; raises UsageError when it is not one."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if values["format"] != POLICY_FORMAT or set(values) - {"format", "about", "rules"}:
                raise ValueError(f"it is not {POLICY_FORMAT}")
            return cls(rules=tuple(_rules(values["rules"])))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"the policy {path} cannot be used ({error}); without a policy nothing is made"
            ) from error


def _rules(entries: Iterable[dict[str, object]]) -> Iterable[Rule]:
    for entry in entries:
        if set(entry) != {"id", "reason", "all"}:
            raise ValueError(f"a rule has the keys {sorted(entry)} instead of id, reason, all")
        groups = tuple(tuple(normalised(phrase) for phrase in group) for group in entry["all"])  # type: ignore[attr-defined]
        if not groups or not all(group and all(group) for group in groups):
            raise ValueError(f'rule "{entry["id"]}" has an empty group or phrase')
        yield Rule(id=str(entry["id"]), reason=str(entry["reason"]), all_of=groups)


@lru_cache(maxsize=1)
def default_policy() -> Policy:
    """The policy that ships with Himmel."""
    return Policy.read(Path(__file__).with_name("policy.json"))
