"""Manifests: checked when made, and the C2PA form says neither more nor less."""

from typing import Any

import pytest

from himmel import __version__
from himmel.errors import UsageError
from himmel.provenance import ASSERTION, Manifest


def test_the_form_that_is_signed(manifest: Manifest) -> None:
    form = manifest.to_c2pa(["ftyp:00", "moov"])
    actions, ours = form["assertions"]
    agent = {"name": "himmel", "version": __version__}
    assert form["claim_generator_info"] == [agent]
    assert actions["data"]["actions"] == [
        {
            "action": "c2pa.created",
            "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
            "softwareAgent": agent,
        }
    ]
    assert ours["label"] == ASSERTION and ours["data"]["layout"] == ["ftyp:00", "moov"]
    assert Manifest.from_c2pa(ours["data"]) == manifest
    for other in ({}, {**ours["data"], "format": 2}, {**ours["data"], "claims": {"plan": "{}"}}):
        with pytest.raises(UsageError, match="the assertion"):
            Manifest.from_c2pa(other)


def test_renders_of_the_world_are_not_a_models_work() -> None:
    drawn = Manifest(plan="{}", source="algorithmicMedia")
    [action] = drawn.to_c2pa([])["assertions"][0]["data"]["actions"]
    assert action["digitalSourceType"].endswith("/algorithmicMedia")
    assert "weights" not in drawn.to_dict() and Manifest.from_dict(drawn.to_dict()) == drawn


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"plan": "not json"}, "plan .* JSON object"),
        ({"plan": "[1]"}, "plan .* JSON object"),
        ({"weights": None}, "must name its weights"),
        ({"weights": "latest"}, "weights 'latest' is not a SHA-256"),
        ({"ledger": "0" * 63}, "ledger .* is not a SHA-256"),
        ({"source": "digitalCapture"}, "source 'digitalCapture' is not one of"),
        ({"verdicts": ({"score": float("nan")},)}, "verdicts .* must be JSON"),
        ({"verdicts": ({"score": object()},)}, "verdicts .* must be JSON"),
    ],
)
def test_wrong_claims(values: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Manifest(**{"plan": "{}", "weights": "0" * 64, **values})


def test_from_dict_is_strict(manifest: Manifest) -> None:
    for values in ({}, {**manifest.to_dict(), "author": "me"}):
        with pytest.raises(UsageError, match="a manifest has a plan and no keys beyond"):
            Manifest.from_dict(values)


def test_verdicts_are_kept_as_they_read_back() -> None:
    given = [{"frames": (0, 8)}]
    assert Manifest(plan="{}", weights="0" * 64, verdicts=given).verdicts == ({"frames": [0, 8]},)
