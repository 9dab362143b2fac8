"""Training data: where it came from, how it lies on disk, how it is read back, how it is drawn.

`himmel.data.render` draws and is imported by those who do; reading needs nothing of the world.
"""

from himmel.data.ledger import ClipRow, Ledger, ShardRow, SourceRow
from himmel.data.pixels import fill_pixels, open_pixels
from himmel.data.shards import ClipShards, Sample, write_shard

__all__ = [
    "ClipRow",
    "ClipShards",
    "Ledger",
    "Sample",
    "ShardRow",
    "SourceRow",
    "fill_pixels",
    "open_pixels",
    "write_shard",
]
