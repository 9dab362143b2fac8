import json
from pathlib import Path

import pytest

from himmel.errors import UsageError
from himmel.safety import Policy, Verdict, default_policy, review_prompt
from himmel.safety.policy import normalised


@pytest.mark.parametrize(
    "prompt",
    [
        "a red ball rolls left past a blue cube, the camera orbits right",
        "a child plays with a kite on a meadow",
        "a naked mole rat digs",
        "the Essex coast, middlesex, sextant",
        "a boy and a dog in the snow",
        "a hero flies over a city",
        "the glass falls off the table",
    ],
)
def test_plain_prompts_are_allowed(prompt: str) -> None:
    verdict = review_prompt(prompt)
    assert verdict.allowed and verdict.safe and verdict.status == "ran" and not verdict.rule


@pytest.mark.parametrize(
    ("prompt", "rule"),
    [
        ("a nude child", "sexual-minors"),
        ("a NÜDE  Chïld", "sexual-minors"),
        ("a nu\u200bde\u00ad child", "sexual-minors"),
        ("ｎｕｄｅ ｃｈｉｌｄ", "sexual-minors"),
        ("child-porn", "sexual-minors"),
        ("a beheading", "cruelty"),
        ("heroic nazi parade", "terror"),
    ],
)
def test_what_the_policy_names_is_refused_with_its_rule(prompt: str, rule: str) -> None:
    verdict = review_prompt(prompt)
    assert not verdict.allowed and not verdict.safe and verdict.rule == rule and verdict.reason


def test_all_texts_are_reviewed_together() -> None:
    assert not review_prompt("a ball", "hentai").allowed
    assert not review_prompt("a child", "nude").allowed


def test_a_verdict_cannot_call_safe_what_nobody_looked_at() -> None:
    assert not Verdict(subject="frames", allowed=True, status="skipped", reason="none installed").safe
    with pytest.raises(ValueError, match="failed"):
        Verdict(subject="frames", allowed=True, status="failed", reason="broke")
    with pytest.raises(ValueError, match="names its rule"):
        Verdict(subject="prompt", allowed=False, status="ran", reason="no")


def test_the_shipped_policy_can_be_read_and_each_rule_gives_a_reason() -> None:
    assert all(rule.id and rule.reason and rule.all_of for rule in default_policy().rules)


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"format": "himmel.policy/2", "rules": []}',
        '{"format": "himmel.policy/1"}',
        json.dumps({"format": "himmel.policy/1", "rules": [{"id": "x", "reason": "y", "all": []}]}),
        json.dumps({"format": "himmel.policy/1", "rules": [{"id": "x", "reason": "y", "all": [["-"]]}]}),
        json.dumps({"format": "himmel.policy/1", "rules": [{"id": "x"}]}),
    ],
)
def test_a_damaged_policy_allows_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "policy.json").write_text(text)
    with pytest.raises(UsageError, match="without a policy nothing is made"):
        Policy.read(tmp_path / "policy.json")


def test_normalising_keeps_letters_of_other_scripts() -> None:
    assert normalised("Красный мяч, 赤い球") == "красныи мяч 赤い球"
