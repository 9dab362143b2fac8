"""From what was asked to what is made: rules only, nothing guessed in silence."""

from himmel.director.finishing import nearest_size, refinished
from himmel.director.plan import ModelFacts, plan
from himmel.director.words import Reading, read_words

__all__ = ["ModelFacts", "Reading", "nearest_size", "plan", "read_words", "refinished"]
