"""A model on paper that knows the part of the world called first light, and one that knows all of it."""

import pytest

from himmel.director import ModelFacts
from himmel.shapes import Compression
from himmel.weights import Card
from himmel.world import FIRST_LIGHT, FULL, lexicon
from himmel.world.grammar_profile import Profile


def facts_of(profile: Profile) -> ModelFacts:
    tables = ("subjects", "colours", "materials", "sizes", "settings", "lights", "verbs", "cameras", "styles")
    knows = {
        table: tuple(name.replace("_", " ") for name in dict.fromkeys(getattr(profile, table))) for table in tables
    }
    card = Card(
        name=profile.name,
        sizes=("128x128", "160x96"),
        knows={**knows, "words": lexicon(profile)},
        styles={"realistic": "realistic style", "cartoon": "cartoon style"},
    )
    return ModelFacts(
        card=card,
        weights="0" * 64,
        name=profile.name,
        compression=Compression(time=4, space=16, patch=(1, 2, 2)),
        lexicon=lexicon(profile),
    )


@pytest.fixture(scope="session")
def small() -> ModelFacts:
    return facts_of(FIRST_LIGHT)


@pytest.fixture(scope="session")
def large() -> ModelFacts:
    return facts_of(FULL)
