"""The model as one object: text encoder, transformer and codec from one folder of weights, ready to be asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from himmel.codec import Codec, CodecConfig
from himmel.conditions import Condition
from himmel.director import ModelFacts, plan
from himmel.errors import UsageError, WeightsError
from himmel.finish import Finisher, FinisherConfig
from himmel.generate.clip import Clip
from himmel.generate.direct import direct
from himmel.generate.frames import clock_of, stream_frames
from himmel.generate.model import Model
from himmel.generate.naming import check_conditions, conditioned
from himmel.generate.progress import Clock, OnProgress
from himmel.generate.setting import Verb
from himmel.media import Pixels
from himmel.plan import Plan, Request
from himmel.text import TextConfig, TextEncoder, tokenize
from himmel.transformer import TransformerConfig, VideoTransformer
from himmel.weights import CATALOGUE, Index, Weights, load_weights

__all__ = [
    "KEYS_FOLDER",
    "Pipeline",
    "describe",
    "fast_device",
    "fast_precision",
    "load",
]

KEYS_FOLDER = Path.home() / ".himmel" / "keys"
PARTS = ("codec", "text", "transformer")
OPTIONAL = frozenset({"planner", "finisher"})


def fast_device() -> str:
    """A GPU where torch sees one, else the CPU."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def fast_precision(device: str | None = None) -> str:
    """The transformer's faster number format on a device: bfloat16 on GPUs and on CPUs with matrix units for it.

    Elsewhere bfloat16 is emulated and slower than float32. The answer is fixed for a machine, so the same
    seed gives the same frames on it; a plan records it.
    """
    if (device or fast_device()) != "cpu":
        return "bfloat16"
    return "bfloat16" if torch.cpu.get_capabilities().get("amx_bf16") else "float32"


def describe(index: Index, *, precision: str = "float32") -> ModelFacts:
    """What the director has to know of the weights, from their index alone."""
    if set(index.parts) - OPTIONAL != set(PARTS):
        raise WeightsError(f"{index.folder} has the parts {sorted(index.parts)} instead of {list(PARTS)}")
    configs = {name: dict(part.config) for name, part in index.parts.items()}
    codec, transformer = (
        CodecConfig.from_dict(configs["codec"]),
        TransformerConfig.from_dict(configs["transformer"]),
    )
    text = TextConfig.from_dict(configs["text"])
    finisher = FinisherConfig.from_dict(configs["finisher"]) if "finisher" in configs else None
    return ModelFacts(
        card=index.card,
        weights=index.digest,
        name=next((name for name, folder in CATALOGUE.items() if folder == index.folder), index.card.name),
        compression=replace(codec.compression, patch=transformer.patch),
        precision=precision,
        lexicon=text.lexicon,
        left_over=lambda caption: tokenize([caption], text, spell=False).dropped[0],
        enlarges=finisher.scale if finisher else 0,
    )


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Ask it with a prompt and it gives a `Clip`.

    >>> pipe = himmel.load(weights)                                     # `weights` may be left out
    >>> clip = pipe("a red ball rolls left", seconds=0.4, size="64x64", seed=7, steps=2)
    >>> clip.frames.shape
    (5, 64, 64, 3)
    >>> clip.save(folder / "ball.mp4").path.name
    'ball.mp4'
    """

    model: Model
    facts: ModelFacts
    keys_folder: Path = KEYS_FOLDER

    def __call__(
        self,
        prompt: str,
        *,
        conditions: Sequence[Condition] = (),
        on_progress: OnProgress | None = None,
        **options: Any,
    ) -> Clip:
        """Make a clip; `options` are the fields of `himmel.plan.Request` (seconds, size, seed, ...).

        Raises UsageError for a bad request, or one of another model, and Declined for one the policy refuses.
        """
        if options.get("model", self.facts.name) != self.facts.name:
            raise UsageError(f'this is the model "{self.facts.name}"; load "{options["model"]}" to ask that one')
        return self.run(self.plan(Request(prompt=prompt, **options), conditions), conditions, on_progress)

    def direct(self, verb: Verb, prompt: str, *, on_progress: OnProgress | None = None, **options: Any) -> Clip:
        """Make a clip from given files by a verb of `himmel.generate.VERBS`, such as `Extend("ball.mp4")`.

        `options` are fields of `himmel.plan.Request`. Raises as calling the pipeline does, and UsageError for
        files that cannot be read or do not allow what is asked.
        """
        directed = direct(Request(prompt=prompt, **options), verb, self.facts)
        return self.run(directed.plan, directed.conditions, on_progress)

    def plan(self, request: Request, conditions: Sequence[Condition] = ()) -> Plan:
        """The plan of a request for this model; raises UsageError for a request of several clips."""
        if request.count != 1:
            raise UsageError(f"a plan is of one video, not {request.count}; run plan.variation(i) for each")
        return conditioned(plan(request, self.facts, pictured=bool(conditions)), conditions)

    def run(
        self, decided: Plan, conditions: Sequence[Condition] = (), on_progress: OnProgress | None = None
    ) -> Clip:
        """Make the clip of a plan."""
        frames = self.stream(decided, conditions, self.clock(decided, on_progress))
        return Clip.of(decided, frames, self.facts.card, self.keys_folder)

    def clock(self, decided: Plan, on_progress: OnProgress | None = None) -> Clock:
        """A clock for the work of a plan, telling `on_progress`."""
        return clock_of(decided, self.model, on_progress)

    def stream(
        self, decided: Plan, conditions: Sequence[Condition] = (), clock: Clock | None = None
    ) -> Iterator[Pixels]:
        """The frames of a plan in chunks uint8 [t, H, W, 3]; of the whole only its noise is held."""
        self.check(decided, conditions)
        model = self.model.cast(decided.precision)
        return stream_frames(decided, model, conditions, clock or self.clock(decided))

    def check(self, decided: Plan, conditions: Sequence[Condition] = ()) -> None:
        """Raise WeightsError or UsageError unless this model and these conditions are those of the plan."""
        if decided.weights != self.facts.weights:
            theirs, ours = decided.weights[:12], self.facts.weights[:12]
            raise WeightsError(
                f"the plan was made for weights {theirs} and these are {ours}; load the same weights"
            )
        if decided.finish and self.model.finisher is None:
            raise WeightsError("the plan finishes its frames and these weights have no finisher; load others")
        check_conditions(decided, conditions)


def load(
    name_or_path: str | Path = "bundled", *, device: str | None = None, keys_folder: Path | None = None
) -> Pipeline:
    """Load a model by its name in the catalogue or by the path of its folder.

    device: "cpu", "cuda", ...; None takes a GPU where there is one. keys_folder: where the signing key lies,
    ~/.himmel/keys when left out; the library reads no environment, so give `himmel.cli.home.keys_folder()` to
    sign as a command line with HIMMEL_HOME does. Every shard is verified before it is read; raises WeightsError,
    naming the file, when anything is off.

    On a busy machine start Python with OMP_WAIT_POLICY=PASSIVE, as the command line does: threads that spin
    while they wait made the same clip take 48 s instead of 1.3 s on two shared cores.
    """
    chosen = device or fast_device()
    if chosen != "cpu":
        torch.backends.cudnn.deterministic = True  # the same seed gives the same frames
    weights = load_weights(name_or_path)
    facts = describe(weights.index, precision=fast_precision(chosen))
    return Pipeline(model=_model(weights, chosen), facts=facts, keys_folder=keys_folder or KEYS_FOLDER)


def _model(weights: Weights, device: str) -> Model:
    with torch.device("meta"):  # no time is spent on initial values that are replaced at once
        codec = Codec(CodecConfig.from_dict(dict(weights.parts["codec"].config)))
        text = TextEncoder(TextConfig.from_dict(weights.parts["text"].config))
        transformer = VideoTransformer(TransformerConfig.from_dict(weights.parts["transformer"].config))
        part = weights.parts.get("planner")
        planner = VideoTransformer(TransformerConfig.from_dict(part.config)) if part else None
        part = weights.parts.get("finisher")
        finisher = Finisher(FinisherConfig.from_dict(dict(part.config))) if part else None
    needed = {"codec": codec, "text": text, "transformer": transformer}
    modules: dict[str, nn.Module | None] = {**needed, "planner": planner, "finisher": finisher}
    for name, module in modules.items():
        if module is not None:
            _fill(module, weights.parts[name].tensors, name)
            module.requires_grad_(False).train(False).to(device)
    return Model(
        codec=codec, text=text, transformer=transformer, planner=planner, finisher=finisher, device=device
    )


def _fill(module: nn.Module, tensors: Mapping[str, torch.Tensor], name: str) -> None:
    try:
        module.load_state_dict(dict(tensors), assign=True)
    except RuntimeError as error:
        raise WeightsError(
            f"the {name} weights do not fit their config: {str(error).splitlines()[-1].strip()}"
        ) from error
