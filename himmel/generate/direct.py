"""A request and given files become a plan with its conditions; the plan and the files make them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from himmel.conditions import Canvas, Condition, respect
from himmel.direction import Direction
from himmel.director import ModelFacts, Take, nearest_size, outline
from himmel.errors import UsageError
from himmel.generate.given import Given, look
from himmel.generate.naming import check_conditions, conditioned
from himmel.generate.setting import Setting, Staged, Verb
from himmel.generate.verbs import VERBS
from himmel.plan import Plan, Request, Shot
from himmel.shapes import Compression, PixelShape, Size
from himmel.weights import Card

__all__ = ["Directed", "direct", "directed_again"]


@dataclass(frozen=True, kw_only=True)
class Directed:
    """A plan and what it respects: `Pipeline.run(plan, conditions)` or `render` makes the video."""

    plan: Plan
    conditions: tuple[Condition, ...]


def direct(request: Request, verb: Verb, facts: ModelFacts) -> Directed:
    """Decide everything that a request and the files of a verb leave open, before any weights are read.

    Without a size in the request the video has that of the first file where the model was trained at it, else the
    trained size nearest in shape. Files of other sizes and rates are fitted, and a note says so. Times in the text
    count from where what is new begins; it is not completed, because the files show the scene. Raises UsageError
    for files that cannot be read or do not allow what is asked.
    """
    given = _looked(verb)
    drawn = outline(verb.asked(request), facts, size=_size(given[0].size, facts.card) if verb.sized else None)
    verb = verb.lasting(drawn.read)
    staged = verb.stage(given, Setting(shot=drawn.shot, shape=drawn.size, compression=facts.compression))
    decided = drawn.plan(pictured=True, take=_take(staged, verb))
    [shot] = decided.shots
    _rehearse(staged.conditions, shot, facts.compression)
    changed = {
        "direction": Direction(verb=verb.name, files=tuple(file.digest for file in given), options=verb.options()),
        "notes": (*decided.notes, *_notes(given, shot)),
    }
    return Directed(
        plan=conditioned(decided.model_copy(update=changed), staged.conditions), conditions=staged.conditions
    )


def directed_again(decided: Plan, files: Sequence[Path], compression: Compression) -> Directed:
    """The plan of a directed video with its conditions, made again from the same files in the same order.

    Raises UsageError, naming the file, when one is missing or is another one.
    """
    direction = decided.direction
    if direction is None:
        raise UsageError("this video was made from no files; leave them out")
    if len(files) != len(direction.files):
        raise UsageError(
            f"this video was made from {len(direction.files)} files and {len(files)} are given; give the same "
            "ones in the same order"
        )
    try:
        verb = VERBS[direction.verb](tuple(files), **direction.options)
    except (KeyError, TypeError) as error:
        raise UsageError(
            f'"{direction.verb}" as this video was directed is not known here; use the version that made it'
        ) from error
    given = _looked(verb)
    for file, digest in zip(given, direction.files, strict=True):
        if file.digest != digest:
            raise UsageError(
                f"{file.path} is not the file the video was made from (SHA-256 {file.digest[:12]} instead of "
                f"{digest[:12]}); give that one"
            )
    [shot] = decided.shots
    staged = verb.stage(given, Setting(shot=shot, shape=decided.size, compression=compression))
    check_conditions(decided, staged.conditions)
    return Directed(plan=decided, conditions=staged.conditions)


def _take(staged: Staged, verb: Verb) -> Take | None:
    """How long a verb makes the shot, None where it leaves that to the request."""
    made = staged.made
    if made is None:
        return None
    return Take(frames=staged.frames, start=made.start, stop=made.stop, seconds=verb.length)


def _looked(verb: Verb) -> tuple[Given, ...]:
    return tuple(look(path, kind) for path, kind in zip(verb.paths, verb.kinds, strict=True))


def _size(given: Size, card: Card) -> Size:
    """The size of a video made from a given one."""
    trained = tuple(map(Size.parse, card.sizes))
    return given if given in trained else nearest_size(trained, given)


def _notes(given: Sequence[Given], shot: Shot) -> list[str]:
    """How given files are fitted, a line each."""
    told = (file.fitting(number, shot.size, shot.fps) for number, file in enumerate(given, start=1))
    return [note for note in told if note is not None]


def _rehearse(conditions: Sequence[Condition], shot: Shot, compression: Compression) -> None:
    """Raise UsageError where conditions do not fit the shot or contradict each other, without any codec."""

    def encode(video: Tensor) -> Tensor:
        frames, height, width = video.shape[2:]
        return torch.zeros(
            1, 1, compression.latent_frames(frames), height // compression.space, width // compression.space
        )

    shape = PixelShape(frames=shot.frames, height=shot.height, width=shot.width)
    respect(conditions, Canvas(shape=shape, compression=compression, encode=encode))
