"""From what was asked to what is made: rules only, nothing guessed in silence."""

from himmel.director.plan import ModelFacts, plan
from himmel.director.words import Reading, read_words

__all__ = ["Reading", "ModelFacts", "plan", "read_words"]
