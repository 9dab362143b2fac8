"""The finisher: more pixels and more frames for what the model made, without changing what it shows."""

from himmel.finish.config import FinisherConfig
from himmel.finish.model import Finisher
from himmel.finish.stream import Target, finish_stream, passes

__all__ = ["Finisher", "FinisherConfig", "Target", "finish_stream", "passes"]
