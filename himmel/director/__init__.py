"""From what was asked to what is made: by rules, and nothing is guessed in silence."""

from himmel.director.finishing import nearest_size, refinished
from himmel.director.lexicon import LANGUAGES
from himmel.director.plan import ModelFacts, Outline, Take, outline, plan
from himmel.director.understanding import Understanding
from himmel.director.words import Reading, read_words
from himmel.director.writing import ChatWriter, Write

__all__ = [
    "LANGUAGES",
    "ChatWriter",
    "ModelFacts",
    "Outline",
    "Reading",
    "Take",
    "Understanding",
    "Write",
    "nearest_size",
    "outline",
    "plan",
    "read_words",
    "refinished",
]
