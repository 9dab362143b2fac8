"""Recipes: everything a training run depends on, as frozen values; a variant is a function that returns one.

A recipe and the data it names decide a run to the bit on one machine. It is written into every checkpoint,
and a run refuses to go on from a checkpoint of another recipe.
"""

from dataclasses import asdict, dataclass
from typing import Any

from himmel.codec import CodecConfig
from himmel.errors import UsageError

__all__ = [
    "CodecData",
    "CodecRecipe",
    "OptimiserRecipe",
    "RunRecipe",
    "one_gpu_codec",
    "tiny_cpu_codec",
]


@dataclass(frozen=True, kw_only=True)
class OptimiserRecipe:
    """AdamW for every parameter, or Muon for the matrices whose names start with one of `muon`.

    lr: AdamW's peak rate, reached after `warm_up` steps, constant, then falling linearly to zero over the
    last `decay` share of the steps. muon_lr is Muon's, scaled to AdamW's update size. clip: gradient norm.
    """

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.0
    muon: tuple[str, ...] = ()
    muon_lr: float = 2e-3
    clip: float = 1.0
    warm_up: int = 100
    decay: float = 0.5

    def __post_init__(self) -> None:
        if self.lr <= 0 or not 0 <= self.decay <= 1:
            raise UsageError(f"lr {self.lr} must be positive and decay {self.decay} between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class RunRecipe:
    """Length, repeatability and bookkeeping of a run.

    averages: relative widths of the power averages of the weights (EDM2, arXiv 2312.02696).
    precision: "bf16" (autocast over float32 weights) or "fp32". device: "cpu" or "cuda".
    """

    steps: int
    seed: int = 0
    device: str = "cpu"
    precision: str = "bf16"
    compile: bool = False
    averages: tuple[float, ...] = (0.05, 0.15)
    checkpoint_seconds: float = 600.0
    keep: int = 2
    log_every: int = 20
    evaluate_every: int = 500
    tensorboard: bool = True

    def __post_init__(self) -> None:
        if self.precision not in ("bf16", "fp32"):
            raise UsageError(f'precision "{self.precision}" is not bf16 or fp32')
        if min(self.steps, self.keep, self.log_every, self.evaluate_every) < 1:
            raise UsageError("steps, keep, log_every and evaluate_every must be at least 1")


@dataclass(frozen=True, kw_only=True)
class CodecData:
    """Crops from a folder of decoded clips (pixels.py): `batch` clips of `frames` frames of `crop` pixels.

    held_out: clips, the first of the folder, that are never trained on and judge the codec.
    """

    pixels: str
    batch: int = 4
    frames: int = 17
    crop: int = 96
    held_out: int = 16


@dataclass(frozen=True, kw_only=True)
class CodecRecipe:
    """A codec from scratch. noise: the range of noise added to latents, in deviations, before decoding."""

    model: CodecConfig
    data: CodecData
    optimiser: OptimiserRecipe
    run: RunRecipe
    noise: tuple[float, float] = (0.02, 0.1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint's metadata."""
        return asdict(self)


def tiny_cpu_codec(pixels: str, *, steps: int = 12_000) -> CodecRecipe:
    """The bundled codec on two CPU cores with bf16 matrix units: about 0.4 s a step on one of them."""
    return CodecRecipe(
        model=CodecConfig(),
        data=CodecData(pixels=pixels),
        optimiser=OptimiserRecipe(),
        run=RunRecipe(steps=steps),
    )


def one_gpu_codec(pixels: str, *, steps: int = 20_000) -> CodecRecipe:
    """A wider codec on one GPU."""
    return CodecRecipe(
        model=CodecConfig(channels=(96, 192, 384)),
        data=CodecData(pixels=pixels, batch=64),
        optimiser=OptimiserRecipe(muon=("encoder.", "decoder.")),
        run=RunRecipe(steps=steps, device="cuda", compile=True),
    )
