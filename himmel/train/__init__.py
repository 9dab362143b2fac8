"""Learning: recipes in, checkpoints and weights out."""

from himmel.train.codec import TrainedCodec, train_codec
from himmel.train.latents import LatentStore, codec_digest, encode_clips
from himmel.train.metrics import Progress
from himmel.train.patterns import PATTERNS, Mixture
from himmel.train.pixels import PixelCache
from himmel.train.recipes import (
    CodecData,
    CodecRecipe,
    OptimiserRecipe,
    RunRecipe,
    Stage,
    TransformerData,
    TransformerRecipe,
    one_gpu_codec,
    one_gpu_transformer,
    tiny_cpu_codec,
    tiny_cpu_transformer,
)
from himmel.train.transformer import TrainedTransformer, train_transformer

__all__ = [
    "PATTERNS",
    "CodecData",
    "CodecRecipe",
    "LatentStore",
    "Mixture",
    "OptimiserRecipe",
    "PixelCache",
    "Progress",
    "RunRecipe",
    "Stage",
    "TrainedCodec",
    "TrainedTransformer",
    "TransformerData",
    "TransformerRecipe",
    "codec_digest",
    "encode_clips",
    "one_gpu_codec",
    "one_gpu_transformer",
    "tiny_cpu_codec",
    "tiny_cpu_transformer",
    "train_codec",
    "train_transformer",
]
