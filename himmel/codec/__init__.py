"""Frames to latents and back."""

from himmel.codec.causal import Codec, CodecConfig

__all__ = ["Codec", "CodecConfig"]
