"""Himmel: an open, self-hosted text-to-video system.

>>> import himmel
>>> pipe = himmel.load()                                                  # doctest: +SKIP
>>> clip = pipe("a red ball rolls left past a blue cube", seed=7)         # doctest: +SKIP
>>> clip.save("ball.mp4")                                                 # doctest: +SKIP
"""

__version__ = "0.1.0"
__all__ = ["__version__"]
