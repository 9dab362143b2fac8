"""Recipes: everything a training run depends on, as frozen values; a variant is a function that returns one.

A recipe and the data it names decide a run to the bit on one machine. It is written into every checkpoint,
and a run refuses to go on from a checkpoint of another recipe. Data are named by `source`, not by the folder
they lie in: folders may move.
"""

from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

from himmel.codec import CodecConfig
from himmel.errors import UsageError
from himmel.finish import FinisherConfig
from himmel.text import TextConfig
from himmel.train.patterns import Mixture
from himmel.transformer import TransformerConfig, himmel_small

__all__ = [
    "CodecData",
    "CodecRecipe",
    "FinisherData",
    "FinisherRecipe",
    "OptimiserRecipe",
    "ReadingRecipe",
    "RunRecipe",
    "Stage",
    "TransformerData",
    "TransformerRecipe",
    "one_gpu_codec",
    "one_gpu_finisher",
    "one_gpu_reading",
    "one_gpu_transformer",
    "tiny_cpu_codec",
    "tiny_cpu_finisher",
    "tiny_cpu_reading",
    "tiny_cpu_transformer",
]

# Of each query, the names of its facts and the values they may have.
GroupsOfFacts: TypeAlias = tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]

_CODEC_MATRICES = ("encoder.", "decoder.")
_FINISHER_MATRICES = ("enlarge.blocks.", "between.blocks.")
# Text slots: of the captions of three subjects, the longest of the first bundled weights' part of the world, about
# 1 in 20,000 has one word or mark more. Seven queries tell facts of a scene, one is free.
_TEXT: dict[str, int] = {"length": 64, "layers": 3, "queries": 8}


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

    initial: folder of another run whose newest weights this one starts from; empty for fresh weights. Its model
        may lack modules that change nothing at first, such as the embedding of places.
    averages: relative widths of the power averages of the weights (EDM2, arXiv 2312.02696), which take in the
    weights of every `average_every`th step.
    precision: "bf16" (autocast over float32 weights) or "fp32". device: "cpu" or "cuda".
    side_by_side: parts of a batch that are worked on at once, each on one CPU core.
    """

    steps: int
    seed: int = 0
    initial: str = ""
    device: str = "cpu"
    precision: str = "bf16"
    compile: bool = False
    side_by_side: int = 1
    averages: tuple[float, ...] = (0.05, 0.15)
    average_every: int = 1
    checkpoint_seconds: float = 600.0
    keep: int = 2
    log_every: int = 20
    evaluate_every: int = 500
    tensorboard: bool = True

    def __post_init__(self) -> None:
        if self.precision not in ("bf16", "fp32"):
            raise UsageError(f'precision "{self.precision}" is not bf16 or fp32')
        counts = ("steps", "keep", "log_every", "evaluate_every", "average_every", "side_by_side")
        if low := [name for name in counts if getattr(self, name) < 1]:
            raise UsageError(f"{' and '.join(low)} must be at least 1")


def _check_held_out(clips: int) -> None:
    if clips < 1:
        raise UsageError(f"{clips} clips held out can judge nothing; hold out 1 or more")


@dataclass(frozen=True, kw_only=True)
class CodecData:
    """Crops from a folder of decoded clips (pixels.py): `batch` clips of `frames` frames of `crop` pixels.

    held_out: clips, the first of the folder, that are never trained on and judge the codec. source: what names
    the clips, such as the root of their ledger; a run goes on with the same ones only.
    """

    pixels: str
    batch: int = 4
    frames: int = 17
    crop: int = 96
    held_out: int = 16
    source: str = ""

    def __post_init__(self) -> None:
        _check_held_out(self.held_out)


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


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stretch of a run, up to the share `until` of its steps, and the clips drawn in it.

    lengths: latent frames of a clip and how often they are drawn; 1 is a still picture. sizes: "WIDTHxHEIGHT" in
    pixels and how often they are drawn; as often as there are clips of them where none are named.
    """

    until: float
    lengths: tuple[tuple[int, float], ...]
    sizes: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class TransformerData:
    """Batches from a folder of encoded clips (latents.py): `parts` of about `tokens` tokens, each of one size.

    stills: pictures of a clip that share its caption, in parts of still pictures; reading a caption costs as much
    as drawing some of them. held_out: clips, the first of the folder, that are never trained on. source: what
    names the clips, such as the root of their ledger. codec: what names the codec that encoded them. A run goes on
    with the same ones only.
    """

    latents: str
    stages: tuple[Stage, ...]
    stills: int = 4
    parts: int = 2
    tokens: int = 4608
    held_out: int = 32
    source: str = ""
    codec: str = ""

    def __post_init__(self) -> None:
        _check_held_out(self.held_out)
        ends = [stage.until for stage in self.stages]
        if not ends or ends[-1] != 1.0:
            raise UsageError("the last stage must go on until 1.0, the end of the run")
        if any(later <= sooner for sooner, later in pairwise([0.0, *ends])):
            told = ", ".join(map(str, ends))
            raise UsageError(f"stages until {told}: each must end later than the one before; put them in order")


@dataclass(frozen=True, kw_only=True)
class ReadingRecipe:
    """A text encoder that learns to read captions (reading.py), `parts` of `batch` of them a step.

    facts: of each query, the names of the facts it has to tell and the values they may have.
    """

    text: TextConfig
    facts: GroupsOfFacts
    optimiser: OptimiserRecipe
    run: RunRecipe
    parts: int = 2
    batch: int = 64

    def __post_init__(self) -> None:
        if len(self.facts) > self.text.queries:
            raise UsageError(
                f"{self.text.queries} queries cannot tell {len(self.facts)} groups of facts; give the encoder more"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint's metadata."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class TransformerRecipe:
    """A transformer, with a text encoder that learns with it or has learned to read before.

    reader: folder of the run in which the text encoder learned to read (reading.py); it stays as it is then.
    text_dropped: how often a clip comes without text, for guidance. offsets: the first latent frame stands at a
    random place in time from 0 to this, so that the model is not tied to clips that begin at 0. seen: an error
    counts by what the codec's decoder shows of it (pullback.py), instead of alike in every channel. subjects: how
    much more it counts where a subject fills a latent; most of a picture is background.
    """

    model: TransformerConfig
    text: TextConfig
    data: TransformerData
    optimiser: OptimiserRecipe
    run: RunRecipe
    mixture: Mixture = Mixture()
    text_dropped: float = 0.1
    offsets: int = 16
    seen: bool = True
    subjects: float = 2.0
    reader: str = ""

    def __post_init__(self) -> None:
        if self.model.prediction != "clean":
            raise UsageError(f'prediction "{self.model.prediction}" cannot be trained here; choose "clean"')
        if (self.model.text_dim, self.model.text_len) != (self.text.width, self.text.slots):
            raise UsageError(
                f"the transformer reads {self.model.text_len} slots of width {self.model.text_dim}, the text "
                f"encoder writes {self.text.slots} of width {self.text.width}; make them equal"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint's metadata."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class FinisherData:
    """Crops from a folder of pairs (pairs.py): `parts` of `batch` crops of `frames` frames of `crop` small pixels.

    held_out: stretches, the first of the folder, that are never trained on. source: what names the clips, such as
    the root of their ledger. codec: what names the codec that the small twins went through. A run goes on with the
    same ones only.
    """

    pairs: str
    parts: int = 2
    batch: int = 2
    frames: int = 4
    crop: int = 48
    held_out: int = 16
    source: str = ""
    codec: str = ""

    def __post_init__(self) -> None:
        _check_held_out(self.held_out)
        if self.frames < 2:
            raise UsageError(f"{self.frames} frames have nothing between them; take 2 or more")


@dataclass(frozen=True, kw_only=True)
class FinisherRecipe:
    """A finisher from scratch.

    coded: how often a crop comes out of the codec; otherwise it is the plain mean of the large pixels, blurred by
    up to `blur` pixels and with noise of up to `noise`, as a picture that was enlarged once already is.
    """

    model: FinisherConfig
    data: FinisherData
    optimiser: OptimiserRecipe
    run: RunRecipe
    coded: float = 0.5
    blur: float = 1.0
    noise: float = 0.02

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint's metadata."""
        return asdict(self)


def tiny_cpu_codec(pixels: str, *, steps: int = 4_000) -> CodecRecipe:
    """The bundled codec on CPU cores with bf16 matrix units; a step is 0.2 TFLOP."""
    return CodecRecipe(
        model=CodecConfig(),
        data=CodecData(pixels=pixels, batch=6, crop=80),
        optimiser=OptimiserRecipe(lr=5e-4, muon=_CODEC_MATRICES, muon_lr=2e-3),
        run=RunRecipe(steps=steps),
    )


def one_gpu_codec(pixels: str, *, steps: int = 4_000) -> CodecRecipe:
    """A wider codec on one GPU: 7 TFLOP a step."""
    return CodecRecipe(
        model=CodecConfig(channels=(96, 192, 384)),
        data=CodecData(pixels=pixels, batch=64, crop=96),
        optimiser=OptimiserRecipe(lr=5e-4, muon=_CODEC_MATRICES, muon_lr=2e-3),
        run=RunRecipe(steps=steps, device="cuda", compile=True),
    )


def tiny_cpu_reading(lexicon: tuple[str, ...], facts: GroupsOfFacts, *, steps: int = 6_000) -> ReadingRecipe:
    """The bundled text encoder on two CPU cores: 2.5 million parameters, 128 captions a step."""
    return ReadingRecipe(
        text=TextConfig(lexicon=lexicon, **_TEXT),
        facts=facts,
        optimiser=OptimiserRecipe(lr=1e-3, betas=(0.9, 0.97), warm_up=200, decay=0.5),
        run=RunRecipe(steps=steps, side_by_side=2, average_every=20, evaluate_every=1000),
    )


def one_gpu_reading(lexicon: tuple[str, ...], facts: GroupsOfFacts, *, steps: int = 6_000) -> ReadingRecipe:
    """The same text encoder on one GPU."""
    recipe = tiny_cpu_reading(lexicon, facts, steps=steps)
    return replace(recipe, run=replace(recipe.run, device="cuda", side_by_side=1))


def tiny_cpu_transformer(latents: str, lexicon: tuple[str, ...], *, steps: int = 20_000) -> TransformerRecipe:
    """The bundled transformer on two CPU cores: 19.0 million parameters; its text encoder has learned to read.

    Pictures first, of which a step holds nine times as many as of clips: they teach colours, shapes and places.
    Then mostly whole clips. A part of 576 tokens is 36 pictures with 9 captions or 4 whole clips.
    """
    stages = (Stage(until=0.4, lengths=((1, 1.0),)), Stage(until=1.0, lengths=((1, 0.1), (9, 0.9))))
    return TransformerRecipe(
        model=replace(himmel_small(dim=320, heads=5, layers=8), text_len=_TEXT["queries"]),
        text=TextConfig(lexicon=lexicon, **_TEXT),
        data=TransformerData(latents=latents, stages=stages, parts=4, tokens=576),
        optimiser=OptimiserRecipe(lr=7e-4, betas=(0.9, 0.97), clip=3.0, decay=1.0),
        run=RunRecipe(steps=steps, side_by_side=2, average_every=4),
    )


def one_gpu_transformer(latents: str, lexicon: tuple[str, ...], *, steps: int = 8_000) -> TransformerRecipe:
    """A wider transformer on one GPU, with Muon and batches of 512 clips: 50 million parameters."""
    stages = (
        Stage(until=0.25, lengths=((1, 0.7), (3, 0.3))),
        Stage(until=1.0, lengths=((1, 0.1), (5, 0.1), (9, 0.8))),
    )
    return TransformerRecipe(
        model=replace(himmel_small(dim=512, heads=8, layers=10), text_len=_TEXT["queries"]),
        text=TextConfig(lexicon=lexicon, **_TEXT),
        data=TransformerData(latents=latents, stages=stages, parts=2, tokens=36_864),
        optimiser=OptimiserRecipe(
            lr=8e-4, muon=("transformer.blocks.",), muon_lr=1.5e-3, clip=3.0, warm_up=200, decay=0.3
        ),
        run=RunRecipe(steps=steps, device="cuda", compile=True),
    )


def tiny_cpu_finisher(pairs: str, *, steps: int = 8_000) -> FinisherRecipe:
    """The bundled finisher on two CPU cores with bf16 matrix units: 1.0 million parameters."""
    return FinisherRecipe(
        model=FinisherConfig(),
        data=FinisherData(pairs=pairs),
        optimiser=OptimiserRecipe(lr=5e-4, muon=_FINISHER_MATRICES, muon_lr=1e-3),
        run=RunRecipe(steps=steps, side_by_side=2, evaluate_every=1000, average_every=4),
    )


def one_gpu_finisher(pairs: str, *, steps: int = 20_000) -> FinisherRecipe:
    """A deeper finisher on one GPU, with longer and larger crops."""
    return FinisherRecipe(
        model=FinisherConfig(width=96, blocks=12, memory=48),
        data=FinisherData(pairs=pairs, parts=1, batch=16, frames=6, crop=64),
        optimiser=OptimiserRecipe(lr=5e-4, muon=_FINISHER_MATRICES, muon_lr=1e-3),
        run=RunRecipe(steps=steps, device="cuda", evaluate_every=1000),
    )
