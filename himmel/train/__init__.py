"""Learning: recipes in, checkpoints and weights out."""

from himmel.train.blockings import write_blockings
from himmel.train.codec import TrainedCodec, train_codec
from himmel.train.finisher import TrainedFinisher, train_finisher
from himmel.train.latents import LatentStore, codec_digest, encode_clips
from himmel.train.metrics import Progress
from himmel.train.pairs import Cutting, PairStore, fill_pairs
from himmel.train.patterns import PATTERNS, Mixture
from himmel.train.pixels import PixelCache
from himmel.train.presets import (
    one_gpu_codec,
    one_gpu_finisher,
    one_gpu_planner,
    one_gpu_reading,
    one_gpu_transformer,
    tiny_cpu_codec,
    tiny_cpu_finisher,
    tiny_cpu_planner,
    tiny_cpu_reading,
    tiny_cpu_transformer,
)
from himmel.train.reading import TrainedReader, train_reader
from himmel.train.recipes import (
    CodecData,
    CodecRecipe,
    FinisherData,
    FinisherRecipe,
    OptimiserRecipe,
    ReadingRecipe,
    RunRecipe,
    Stage,
    TransformerData,
    TransformerRecipe,
)
from himmel.train.transformer import TrainedTransformer, train_transformer

__all__ = [
    "PATTERNS",
    "CodecData",
    "CodecRecipe",
    "Cutting",
    "FinisherData",
    "FinisherRecipe",
    "LatentStore",
    "Mixture",
    "OptimiserRecipe",
    "PairStore",
    "PixelCache",
    "Progress",
    "ReadingRecipe",
    "RunRecipe",
    "Stage",
    "TrainedCodec",
    "TrainedFinisher",
    "TrainedReader",
    "TrainedTransformer",
    "TransformerData",
    "TransformerRecipe",
    "codec_digest",
    "encode_clips",
    "fill_pairs",
    "one_gpu_codec",
    "one_gpu_finisher",
    "one_gpu_planner",
    "one_gpu_reading",
    "one_gpu_transformer",
    "tiny_cpu_codec",
    "tiny_cpu_finisher",
    "tiny_cpu_planner",
    "tiny_cpu_reading",
    "tiny_cpu_transformer",
    "train_codec",
    "train_finisher",
    "train_reader",
    "train_transformer",
    "write_blockings",
]
