"""Training data: where it came from, how it is drawn, how it lies on disk, how it is read back."""

from himmel.data.ledger import ClipRow, Ledger, ShardRow, SourceRow
from himmel.data.pixels import fill_pixels, open_pixels
from himmel.data.render import RenderConfig, render_shards
from himmel.data.shards import ClipShards, Sample, write_shard

__all__ = [
    "ClipRow",
    "ClipShards",
    "Ledger",
    "RenderConfig",
    "Sample",
    "ShardRow",
    "SourceRow",
    "fill_pixels",
    "open_pixels",
    "render_shards",
    "write_shard",
]
