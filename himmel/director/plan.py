"""Request to Plan: every open choice is made here, by rule, and every change is said in a note."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from himmel.director.completion import Completer
from himmel.director.cues import decide_cues
from himmel.director.finishing import Draft, decide_draft
from himmel.director.understanding import Understanding, understand
from himmel.director.words import read_words
from himmel.director.writing import Write, objection
from himmel.errors import HimmelError, UsageError
from himmel.plan import LIMITS, Cue, Plan, Request, Sampling, Shot, Windows
from himmel.shapes import Compression, Size
from himmel.weights import Card

__all__ = ["ModelFacts", "Outline", "Take", "outline", "plan"]

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


@dataclass(frozen=True, kw_only=True)
class Take:
    """What given files make of a shot: `frames` in all, of which those from `start` up to `stop` are new.

    Texts count from `start`. seconds: how long what is new was asked to be, None where the files alone decide.
    """

    frames: int
    start: int
    stop: int
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Outline:
    """What is decided of a request before its texts are: enough to see what given files make of it."""

    facts: ModelFacts
    read: Understanding
    draft: Draft
    seed: int

    @property
    def size(self) -> Size:
        """Width and height of the video in pixels."""
        return self.draft.finish.size if self.draft.finish else self.draft.size

    @property
    def shot(self) -> Shot:
        """The shot as long as was asked for, with the prompt as it was typed."""
        return self._shot(self._whole().frames, {0: self.read.asked.prompt}, "")

    def plan(self, *, write: Write | None = None, pictured: bool = False, take: Take | None = None) -> Plan:
        """Decide the rest, as the function `plan` does. take: the shot where given files decide how long it is."""
        facts, fps, take = self.facts, self.draft.fps, take or self._whole()
        made = (take.stop - take.start) / fps
        read = self.read.english(min(made, take.seconds or LIMITS.seconds), fixed=take.seconds is None)
        request, notes = read.request, list(read.notes)
        if request.at and take.start:
            notes.append("times count from where what is new begins")
        notes += [*self.draft.notes, *_length_notes(take, fps, facts)]
        texts = decide_cues(request, take.stop, fps, facts.compression, take.start)
        if pictured and request.expand == "llm":
            notes.append("what is given shows the scene already, so the prompt is not completed")
        elif request.expand != "off" and facts.lexicon and not pictured:
            moving, styled = take.frames > 1, request.style is not None
            completer = Completer(card=facts.card, seed=self.seed, moving=moving, styled=styled)
            texts = _completed(texts, completer, facts, write if request.expand == "llm" else None, notes)
        captions = {frame: _caption(text, request.style, facts.card) for frame, text in texts.items()}
        negative = " ".join(request.negative.split()) or NEGATIVE
        notes += dict.fromkeys(note for text in captions.values() for note in _reading(text, facts, read.said))
        notes += (f"in the negative prompt, {note}" for note in _reading(negative, facts, read.said))
        return Plan(
            prompt=self.read.asked.prompt,
            style=request.style,
            model=facts.name,
            weights=facts.weights,
            precision=facts.precision,
            shots=(self._shot(take.frames, captions, negative),),
            finish=self.draft.finish,
            notes=tuple(notes),
        )

    def _whole(self) -> Take:
        """All of a shot of which nothing is given: the valid frame count nearest to what was asked."""
        card, fps = self.facts.card, self.draft.fps
        seconds, frames = self.read.seconds(card.frames / fps), card.frames
        if seconds is not None:
            frames = self.facts.compression.nearest_frames(max(1, round(seconds * fps)))
        return Take(frames=frames, start=0, stop=frames, seconds=seconds)

    def _shot(self, frames: int, captions: Mapping[int, str], negative: str) -> Shot:
        """A shot of so many frames with captions by the frames they begin at."""
        return Shot(
            caption=captions[0],
            negative=negative,
            width=self.draft.size.width,
            height=self.draft.size.height,
            frames=frames,
            fps=self.draft.fps,
            seed=self.seed,
            sampling=_sampling(self.read.asked, self.facts.card),
            windows=_windows(self.facts),
            cues=tuple(Cue(frame=frame, caption=text) for frame, text in captions.items() if frame),
        )


def plan(request: Request, facts: ModelFacts, *, write: Write | None = None, pictured: bool = False) -> Plan:
    """Decide everything; the same request with a seed gives the same plan.

    write: who completes the texts of a request that asks for "llm"; rules do where there is none or it fails.
    pictured: whether what is given shows the scene already, so that texts are not completed.

    The plan names the model of `facts`, whatever the request calls it: a plan travels in a file, and a folder's
    path would say something about this machine and nothing on another.

    Raises UsageError for a size that does not divide, for one that takes a finisher the weights lack, for a style
    they were not taught, and for a language that is not read.
    """
    return outline(request, facts).plan(write=write, pictured=pictured)


def outline(request: Request, facts: ModelFacts, *, size: Size | None = None) -> Outline:
    """What is decided of a request before its texts are; raises as `plan` does.

    size: what the model makes where neither request nor text says anything of it; None for the card's first.
    """
    read = understand(request, facts.card, facts.compression, facts.lexicon)
    draft = decide_draft(request, facts.card, facts.enlarges, read.size or size)
    facts.compression.check(draft.size)
    seed = secrets.randbelow(2**32) if request.seed is None else request.seed
    return Outline(facts=facts, read=read, draft=draft, seed=seed)


def _length_notes(take: Take, fps: int, facts: ModelFacts) -> list[str]:
    """What to tell of how long a shot became."""
    notes, made, most = [], take.stop - take.start, facts.card.frames
    # Less than a frame is no length of its own: whoever asks for it wants a picture.
    if take.seconds is not None and abs(made - max(1.0, take.seconds * fps)) > 1e-6:
        rule = (
            f"{made} new frames"
            if made < take.frames
            else f"{made} frames, the nearest 1 + {facts.compression.time}k"
        )
        notes.append(f"{take.seconds:g} s became {made / fps:.4g} s: {rule}")
    if take.frames > most:
        notes.append(
            f"{take.frames} frames is more than the {most} the model sees at once; a window moves along them"
        )
    return notes


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
