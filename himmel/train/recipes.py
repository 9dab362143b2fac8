"""Recipes: everything a training run depends on, as frozen values; presets.py has those of the bundled weights.

A recipe and the data it names decide a run to the bit on one machine. It is written into every checkpoint,
and a run refuses to go on from a checkpoint of another recipe. Data are named by `source`, not by the folder
they lie in: folders may move.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from himmel.codec import CodecConfig
from himmel.errors import UsageError
from himmel.finish import FinisherConfig
from himmel.text import TextConfig
from himmel.train.patterns import Mixture
from himmel.transformer import TransformerConfig

__all__ = [
    "CodecData",
    "CodecRecipe",
    "FinisherData",
    "FinisherRecipe",
    "GroupsOfFacts",
    "OptimiserRecipe",
    "ReadingRecipe",
    "RunRecipe",
    "Stage",
    "TransformerData",
    "TransformerRecipe",
]

# Of each query, the names of its facts and the values they may have.
GroupsOfFacts: TypeAlias = tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]


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
    as drawing some of them. copies: how often a whole clip comes in its part, each time with noise of its own and
    with the same caption. blockings: folder of who is where in the same clips (blockings.py), for a transformer
    that has actors. held_out: clips, the first of the folder, that are never trained on. source: what
    names the clips, such as the root of their ledger. codec: what names the codec that encoded them. A run goes on
    with the same ones only.
    """

    latents: str
    stages: tuple[Stage, ...]
    blockings: str = ""
    stills: int = 4
    copies: int = 1
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
    much more it counts where a subject fills a latent; most of a picture is background. blocked: how often a
    transformer that has actors is told a clip's blocking, half as often that of known frames. shaken: deviation of
    noise on what is told, in the units of a blocking: a planner is that inexact (arXiv 2106.15282, section 4).
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
    blocked: float = 0.8
    shaken: float = 0.05

    def __post_init__(self) -> None:
        if self.data.blockings and not self.model.actors:
            raise UsageError("a transformer without actors cannot be told blockings; leave them out")
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
