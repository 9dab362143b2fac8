"""Request to Plan: every open choice is made here, by rule, and every change is said in a note."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from himmel.director.completion import Completer
from himmel.director.cues import decide_cues
from himmel.director.finishing import decide_draft
from himmel.director.understanding import understand
from himmel.director.words import read_words
from himmel.director.writing import Write, objection
from himmel.errors import HimmelError, UsageError
from himmel.plan import Cue, Plan, Request, Sampling, Shot, Windows
from himmel.shapes import Compression
from himmel.weights import Card

__all__ = ["ModelFacts", "plan"]

NEGATIVE = ""  # the empty caption: what training saw when the text was dropped


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What the director has to know of a model; none of it needs the model's tensors.

    weights: their digest. name: what plans call the model. compression: pixels per latent and latents per token.
    precision: "float32" or "bfloat16". lexicon: the words of the text encoder. left_over: how many slots of a
    caption the text encoder has no room for. enlarges: how many times the finisher enlarges a side in one pass; 0
    where there is none.
    """

    card: Card
    weights: str
    name: str
    compression: Compression
    precision: str = "float32"
    lexicon: tuple[str, ...] = ()
    left_over: Callable[[str], int] | None = None
    enlarges: int = 0


def plan(request: Request, facts: ModelFacts, *, write: Write | None = None, pictured: bool = False) -> Plan:
    """Decide everything; the same request with a seed gives the same plan.

    write: who completes the texts of a request that asks for "llm"; rules do where there is none or it fails.
    pictured: whether pictures show the scene already, so that texts are not completed.

    The plan names the model of `facts`, whatever the request calls it: a plan travels in a file, and a folder's
    path would say something about this machine and nothing on another.

    Raises UsageError for a size that does not divide, for one that takes a finisher the weights lack, and for a
    style they were not taught, and for a language that is not read.
    """
    card, prompt = facts.card, request.prompt
    read = understand(request, card, facts.compression, facts.lexicon)
    request = read.request
    seed = secrets.randbelow(2**32) if request.seed is None else request.seed
    draft = decide_draft(request, card, facts.enlarges)
    facts.compression.check(draft.size)
    notes = [*read.notes, *draft.notes]
    frames = _frames(request, facts, draft.fps, notes)
    texts = decide_cues(request, frames, draft.fps, facts.compression)
    if request.expand != "off" and facts.lexicon and not pictured:
        completer = Completer(card=card, seed=seed, moving=frames > 1, styled=request.style is not None)
        texts = _completed(texts, completer, facts, write if request.expand == "llm" else None, notes)
    captions = [_caption(text, request.style, card) for text in texts.values()]
    negative = " ".join(request.negative.split()) or NEGATIVE
    notes += dict.fromkeys(note for caption in captions for note in _reading(caption, facts, read.said))
    notes += (f"in the negative prompt, {note}" for note in _reading(negative, facts, read.said))
    shot = Shot(
        caption=captions[0],
        negative=negative,
        width=draft.size.width,
        height=draft.size.height,
        frames=frames,
        fps=draft.fps,
        seed=seed,
        sampling=_sampling(request, card),
        windows=_windows(facts),
        cues=tuple(Cue(frame=frame, caption=text) for frame, text in zip(texts, captions, strict=True) if frame),
    )
    return Plan(
        prompt=prompt,
        style=request.style,
        model=facts.name,
        weights=facts.weights,
        precision=facts.precision,
        shots=(shot,),
        finish=draft.finish,
        notes=tuple(notes),
    )


def _frames(request: Request, facts: ModelFacts, fps: int, notes: list[str]) -> int:
    """The valid frame count nearest to what was asked; changes are noted."""
    card = facts.card
    if request.seconds is None:
        return card.frames
    frames = facts.compression.nearest_frames(max(1, round(request.seconds * fps)))
    # Less than a frame is no length of its own: whoever asks for it wants a picture.
    if abs(frames - max(1.0, request.seconds * fps)) > 1e-6:
        rule = f"1 + {facts.compression.time}k"
        notes.append(f"{request.seconds:g} s became {frames / fps:.4g} s: {frames} frames, the nearest {rule}")
    if frames > card.frames:
        notes.append(
            f"{frames} frames is more than the {card.frames} the model sees at once; a window moves along them"
        )
    return frames


def _sampling(request: Request, card: Card) -> Sampling:
    """The card's way of sampling, with the steps and the guidance that were asked for."""
    asked = {"steps": request.steps, "guidance": request.guidance}
    return Sampling(**asdict(card.sampler) | {name: value for name, value in asked.items() if value is not None})


def _windows(facts: ModelFacts) -> Windows:
    """The card's way of going on beyond a window."""
    long, compression, frames = facts.card.long, facts.compression, facts.card.frames
    latent_frames = compression.latent_frames(frames)
    made = min(max(2, latent_frames // 3), max(1, latent_frames - 1))
    sink = long.sink if latent_frames > 2 else 0
    history = max(1, made - (compression.latent_frames(sink) if sink else 0))
    return Windows(
        frames=frames,
        overlap=compression.pixel_frames(history) if long.overlap is None else long.overlap,
        carry_level=long.carry_level,
        sink=sink,
        stride=compression.time if long.stride is None else long.stride,
    )


def _caption(prompt: str, style: str | None, card: Card) -> str:
    """The prompt with single spaces, and the sentence of its style."""
    words = " ".join(prompt.split())
    if style is None:
        return words
    if not card.styles:
        return f"{words}, {' '.join(style.split())} style"
    name = "_".join(re.findall(r"[^\W_]+", style.casefold()))
    if name not in card.styles:
        raise UsageError(
            f'style "{name}" is not one this model was taught; choose one of {", ".join(card.styles)}'
        )
    return f"{words.rstrip('.')}. {card.styles[name]}."


def _completed(
    texts: Mapping[int, str], completer: Completer, facts: ModelFacts, write: Write | None, notes: list[str]
) -> Mapping[int, str]:
    """Texts by their frames, completed where they leave things open and the model has room; changes are noted."""
    full = {}
    for frame, text in texts.items():
        caption = completer.complete(_written(text, facts, write, notes))
        if facts.left_over is not None and facts.left_over(caption):
            caption = text
        completer = completer if frame else completer.after(caption)
        if caption != text and not frame:
            notes.append(f'completed to: "{caption}"')
        full[frame] = caption
    return full


def _written(text: str, facts: ModelFacts, write: Write | None, notes: list[str]) -> str:
    """What the writer makes of a text; the text itself where there is none or it fails, which is noted."""
    if write is None:
        return text
    try:
        caption = write(text, facts.lexicon)
        fault = objection(text, caption, facts.lexicon)
    except HimmelError as error:
        caption, fault = text, str(error)
    if fault:
        notes.append(f"the writer is not used, {fault}; rules complete the prompt instead")
    return text if fault else caption


def _reading(caption: str, facts: ModelFacts, said: Mapping[str, str]) -> tuple[str, ...]:
    """What of a caption the model will not follow; `said` are the user's words by the caption's."""
    trained = [phrase for phrases in facts.card.knows.values() for phrase in phrases]
    notes = read_words(caption, trained, facts.lexicon).notes(said)
    if facts.left_over is not None and facts.left_over(caption):
        return (*notes, "the text is longer than the model reads; its end is left out, shorten it to be sure")
    return notes
