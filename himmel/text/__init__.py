"""Prompts to embeddings: a closed lexicon with a byte fallback, and a small encoder."""

from himmel.text.config import TextConfig
from himmel.text.encoder import TextEmbedding, TextEncoder
from himmel.text.lexicon import Tokens, normalise, suggest, tokenize

__all__ = ["TextConfig", "TextEmbedding", "TextEncoder", "Tokens", "normalise", "suggest", "tokenize"]
