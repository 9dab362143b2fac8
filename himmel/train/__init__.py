"""Learning: recipes in, checkpoints and weights out."""

from himmel.train.codec import TrainedCodec, train_codec
from himmel.train.metrics import Progress
from himmel.train.pixels import PixelCache, cache_pixels, write_pixels
from himmel.train.recipes import CodecData, CodecRecipe, OptimiserRecipe, RunRecipe, one_gpu_codec, tiny_cpu_codec

__all__ = [
    "CodecData",
    "CodecRecipe",
    "OptimiserRecipe",
    "PixelCache",
    "Progress",
    "RunRecipe",
    "TrainedCodec",
    "cache_pixels",
    "one_gpu_codec",
    "tiny_cpu_codec",
    "train_codec",
    "write_pixels",
]
