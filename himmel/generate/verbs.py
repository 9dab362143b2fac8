"""The verbs that direct a video by given files.

With a codec that makes one latent frame of four, k latent frames known at the beginning of a shot are 4 k - 3
frames of a clip's end, and k known at its end are 4 k frames of a clip's beginning. The model goes on from them;
what is played in their place are the given frames themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from himmel.conditions import Condition, FirstFrame, Footage, Keyframes, Origin, Prefix, Region, Suffix
from himmel.errors import UsageError
from himmel.generate.given import Given, Kind
from himmel.generate.setting import Lengthening, Setting, Span, Staged, Verb, Within
from himmel.media import Pixels
from himmel.plan import LIMITS
from himmel.shapes import Size

__all__ = [
    "STRENGTHS",
    "VERBS",
    "Connect",
    "Extend",
    "Inpaint",
    "Loop",
    "Outpaint",
    "Pictures",
    "Remix",
]

STRENGTHS: Mapping[str, float] = {"subtle": 0.4, "medium": 0.6, "strong": 0.8}
"""Names of noise levels to begin remixing from."""

_Play: TypeAlias = tuple[bool, bool]

FEATHER = 4  # pixels from the seam inwards over which a made region comes up


@dataclass(frozen=True)
class Pictures(Verb):
    """Pictures at times: the first of the video, others at seconds `at`, and the last; files in that order."""

    name: ClassVar[str] = "make"
    sized: ClassVar[bool] = False
    _: KW_ONLY
    first: bool = False
    last: bool = False
    at: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for second in self.at:
            if not 0 <= second <= LIMITS.seconds:
                raise UsageError(f"keyframe {second:g} s is not within 0 to {LIMITS.seconds:g} s")

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """A picture for each place."""
        return tuple("picture" for _ in range(self.first + len(self.at) + self.last))

    def stage(self, given: Sequence[Given], setting: Setting) -> Staged:
        """Every picture at its frame."""
        frames, step = setting.shot.frames, setting.compression.time
        taken: dict[int, str] = {}
        for place, words in self._places(setting):
            if not 0 <= place < frames:
                raise UsageError(f"{words} is beyond the {frames / setting.shot.fps:.4g} s of the video")
            group = -(-place // step)
            if group in taken:
                near = f"{step / setting.shot.fps:.2g} s"
                raise UsageError(
                    f"{taken[group]} and {words} decide the same frames; leave at least {near} between"
                )
            taken[group] = words
        pictures = [setting.picture(file) for file in given]
        places = [place for place, _ in self._places(setting)]
        conditions: list[Condition] = [FirstFrame(image=pictures[0])] if self.first else []
        later = dict(list(zip(places, pictures, strict=True))[len(conditions) :])
        conditions += [Keyframes(images=later)] if later else []
        return Staged(frames=frames, conditions=tuple(conditions))

    def _places(self, setting: Setting) -> list[tuple[int, str]]:
        """Frames with words for them."""
        times = [(round(second * setting.shot.fps), f"the keyframe at {second:g} s") for second in self.at]
        first, last = [(0, "the first picture")], [(setting.shot.frames - 1, "the last picture")]
        return first * self.first + times + last * self.last


@dataclass(frozen=True)
class Extend(Lengthening):
    """Go on from a video for `seconds`, or with `backward` lead up to it. All of the video stays as it is, or of a
    `span` from and to seconds just that.
    """

    name: ClassVar[str] = "extend"
    _: KW_ONLY
    backward: bool = False
    span: Span | None = None

    def stage(self, given: Sequence[Given], setting: Setting) -> Staged:
        """A shot that begins with the clip's end, or ends with its beginning."""
        clip, new = setting.clip(given[0], self.span), setting.groups(self.length)
        known = max(setting.window // 2, setting.window - new)
        if self.backward:
            return _joined(setting, (clip, clip), (0, _opening(clip, known, setting, given[0])), new)
        return _joined(setting, (clip, clip), (_ending(clip, known, setting), 0), new)


@dataclass(frozen=True)
class Connect(Lengthening):
    """A bridge of `seconds` from one video to another; the three joined, or with `alone` the bridge."""

    name: ClassVar[str] = "connect"
    _: KW_ONLY
    alone: bool = False

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Both videos."""
        return ("video", "video")

    def stage(self, given: Sequence[Given], setting: Setting) -> Staged:
        """A shot that begins with the end of one and ends with the beginning of the other."""
        clips = setting.clip(given[0]), setting.clip(given[1])
        return _bridge(setting, clips, self.length, given[1], (not self.alone, not self.alone))


@dataclass(frozen=True)
class Loop(Lengthening):
    """A bridge of `seconds` from the end of a video, or of a `span` of it, to its beginning: played in a circle it
    has no seam.
    """

    name: ClassVar[str] = "loop"
    usual: ClassVar[float] = 1.0
    _: KW_ONLY
    span: Span | None = None

    def stage(self, given: Sequence[Given], setting: Setting) -> Staged:
        """A shot from the end to the beginning, played after the clip."""
        clip = setting.clip(given[0], self.span)
        return _bridge(setting, (clip, clip), self.length, given[0], (True, False))


@dataclass(frozen=True)
class Remix(Within):
    """Make a video again from what is left of it under noise of the level `strength`, between 0 and 1."""

    name: ClassVar[str] = "remix"
    _: KW_ONLY
    strength: float = STRENGTHS["medium"]
    span: Span | None = None

    def stage(self, given: Sequence[Given], setting: Setting) -> Staged:
        """A shot as long as the clip that begins from it."""
        clip = setting.clip(given[0], self.span)
        return _whole(setting, clip, Origin(frames=setting.padded(clip), start=self.strength))


@dataclass(frozen=True)
class Inpaint(Within):
    """Make a part of a video anew: a `box` (left, top, width, height) in its own pixels, or what a second file, a
    picture of the same size, shows in white; with `invert` all but that; within a `span` of seconds only. With a
    span alone the whole picture is made anew.
    """

    name: ClassVar[str] = "inpaint"
    _: KW_ONLY
    box: tuple[int, int, int, int] | None = None
    invert: bool = False
    span: Span | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """A video and, where neither box nor span says enough, a mask."""
        alone = self.box is not None or (self.span is not None and len(self.paths) == 1)
        return ("video",) if alone else ("video", "picture")

    def stage(self, given: Sequence[Given], setting: Setting) -> Staged:
        """A shot as long as the clip of which all else is known."""
        mask = self._mask(given, setting)
        if not mask.any():
            raise UsageError("nothing of the picture is to be made anew; mark some of it in white")
        if mask.all() and self.span is None:
            raise UsageError("the whole picture is to be made anew; mark a part of it, or name a span of time")
        clip = setting.clip(given[0])
        span = None if self.span is None else setting.frames(given[0], self.span, len(clip))
        region = Region(frames=setting.padded(clip), mask=mask, span=span, feather=FEATHER)
        return _whole(setting, clip, region, span)

    def _mask(self, given: Sequence[Given], setting: Setting) -> NDArray[np.bool_]:
        """bool [H, W] of the shot: what is made anew."""
        size = given[0].size
        if len(given) > 1:
            if given[1].size != size:
                raise UsageError(f"the mask is {given[1].size} and the video {size}; make them the same size")
            return self._white(setting.picture(given[1]))
        left, top, width, height = self.box or (0, 0, size.width, size.height)
        if min(left, top) < 0 or min(width, height) < 1 or left + width > size.width or top + height > size.height:
            raise UsageError(f"the box {width}x{height} at ({left}, {top}) is not within the {size} video")
        white = np.zeros((size.height, size.width, 3), np.uint8)
        white[top : top + height, left : left + width] = 255
        return self._white(setting.fitted(white))

    def _white(self, picture: Pixels) -> NDArray[np.bool_]:
        white: NDArray[np.bool_] = (picture.max(-1) > 127) ^ self.invert
        return white


@dataclass(frozen=True)
class Outpaint(Within):
    """Make more picture around a video: it stands in the middle of the size asked for, moved to whole patches."""

    name: ClassVar[str] = "outpaint"
    sized: ClassVar[bool] = False

    def stage(self, given: Sequence[Given], setting: Setting) -> Staged:
        """A shot as long as the clip that is known where the clip is."""
        size, own = setting.shot.size, given[0].size
        if setting.shape != size:
            raise UsageError(
                f"{setting.shape} takes a finisher; make more picture at {size}, and that larger afterwards"
            )
        scale = min(1.0, size.width / own.width, size.height / own.height)
        inner = Size(width=max(1, round(own.width * scale)), height=max(1, round(own.height * scale)))
        if inner == size:
            raise UsageError(
                f"a video of {own} fills {size} already; name a size of another shape or a larger one"
            )
        step_h, step_w = setting.compression.pixel_step
        left, top = _middle(size.width - inner.width, step_w), _middle(size.height - inner.height, step_h)
        clip = given[0].clip(inner, setting.shot.fps, inner)
        sides = [(0, 0)] + [
            (at, room - at) for at, room in ((top, size.height - inner.height), (left, size.width - inner.width))
        ]
        frames = np.pad(clip, (*sides, (0, 0)), mode="edge")
        box = (left, top, inner.width, inner.height)
        region = Region(frames=setting.padded(frames), box=box, keep="inside", feather=FEATHER)
        return _whole(setting, clip, region)


VERBS: Mapping[str, type[Verb]] = {
    verb.name: verb for verb in (Pictures, Extend, Connect, Loop, Remix, Inpaint, Outpaint)
}
"""The verbs by the names that plans know them by."""


def _middle(room: int, step: int) -> int:
    """Where something begins that leaves so much room, in the middle as far as whole patches allow."""
    return min(round(room / 2 / step) * step, room)


def _ending(clip: Pixels, most: int, setting: Setting) -> int:
    """Latent frames, at most so many, that the end of a clip gives."""
    return min(max(1, most), 1 + (len(clip) - 1) // setting.compression.time)


def _opening(clip: Pixels, most: int, setting: Setting, given: Given) -> int:
    """Latent frames, at most so many, that the beginning of a clip gives; raises UsageError when it gives none."""
    step = setting.compression.time
    if len(clip) < step:
        raise UsageError(
            f"{given.path.name} is too short: it has {len(clip)} frames at {setting.shot.fps} fps, and {step} are "
            "the least to lead up to"
        )
    return min(max(1, most), len(clip) // step)


def _bridge(setting: Setting, clips: tuple[Pixels, Pixels], seconds: float, given: Given, play: _Play) -> Staged:
    """A shot from the end of one clip to the beginning of another, the one of the file `given`."""
    new = setting.groups(seconds)
    room = max(2 * (setting.window // 3), setting.window - new)  # latent frames that may be known
    known = _ending(clips[0], room - room // 2, setting), _opening(clips[1], room // 2, setting, given)
    return _joined(setting, clips, known, new, play)


def _joined(
    setting: Setting, clips: tuple[Pixels, Pixels], known: tuple[int, int], new: int, play: _Play = (True, True)
) -> Staged:
    """A shot with new latent frames between known ones, those of one clip's end and of another's beginning.

    known, new: how many. play: whether the clips are played before and after what is new.
    """
    (before, after), (end, begin), step = clips, known, setting.compression.time
    prefix, suffix = before[len(before) - 1 - step * (end - 1) :] if end else before[:0], after[: step * begin]
    conditions: list[Condition] = [
        Footage(
            before=before if play[0] and end else None,
            after=after if play[1] and begin else None,
            first=len(prefix),
            last=len(suffix),
        )
    ]
    conditions += [Prefix(frames=prefix)] if end else []
    conditions += [Suffix(frames=suffix)] if begin else []
    frames = setting.compression.pixel_frames(end + new + begin)
    made = range(len(prefix), frames - len(suffix))
    return Staged(frames=frames, conditions=tuple(conditions), made=made)


def _whole(setting: Setting, clip: Pixels, condition: Condition, span: tuple[int, int] | None = None) -> Staged:
    """A shot as long as a clip, of which as much is played; new is what lies within a span of frames."""
    frames = len(setting.padded(clip))
    spare = frames - len(clip)
    conditions = (condition, *([Footage(last=spare)] if spare else []))
    return Staged(frames=frames, conditions=conditions, made=range(*(span or (0, len(clip)))))
