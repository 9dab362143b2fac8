"""Asking a model: what each task gives it, and how its clip, or the codec's, is put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch

from himmel.conditions import Condition, Ends, FirstFrame, Prefix, Region, Seam, as_video
from himmel.evaluate.cases import Case, Length, Take
from himmel.evaluate.exhibit import Given, Pixels
from himmel.generate import Clip, Pipeline
from himmel.plan import Request

__all__ = ["Asking", "RoundTrip", "codec_round_trip"]

RoundTrip: TypeAlias = Callable[[Pixels], Pixels]


@dataclass(frozen=True, kw_only=True, eq=False)
class Asking:
    """A model with the way it is sampled; `options` are fields of `Request`."""

    pipe: Pipeline
    length: Length
    options: Mapping[str, Any]

    @staticmethod
    def given(case: Case, truth: Pixels, round_trip: RoundTrip | None, retake: Pixels | None = None) -> Given:
        """What a clip of this case must respect, from its true clip [T, H, W, 3] and another take of it.

        A beginning is one frame, or 1 + 4k frames that are about half of the clip, three eighths where it must
        also end with the last quarter. The course of events is told from five frames, the fewest in which a codec
        sees how fast something goes.
        """
        groups = (len(truth) - 1) // 4
        match case.task:
            case "image":
                first = truth[:1]
            case "extend":
                first = truth[: 1 + (len(truth) // 2) // 4 * 4]
            case "connect":
                return Given(first=truth[: 1 + groups * 3 // 8 * 4], last=truth[-4 * max(1, groups // 4) :])
            case "course":
                return Given(first=truth[:5], whole=truth, retake=retake)
            case "inpaint":
                return Given(whole=truth, box=case.box)
            case _:
                return Given()
        return Given(first=first, coded=round_trip(first) if round_trip else None)

    @staticmethod
    def restored(coded: Pixels, truth: Pixels, case: Case, given: Given) -> Pixels:
        """A clip from the codec with what was given put back, as conditions put it back in a model's clip."""
        if given.whole is not None and given.box is not None:
            left, top, width, height = given.box
            pasted = truth.copy()
            inside = np.s_[:, top : top + height, left : left + width]
            pasted[inside] = coded[inside]
            return pasted
        begun = given.first if case.task in ("image", "extend", "connect", "course") else None
        start = 0 if begun is None else len(begun)
        stop = len(coded) if given.last is None else len(coded) - len(given.last)
        seam = Seam()
        joined = seam.join(coded, np.concatenate([truth[:start], coded[start:stop], truth[stop:]]))
        return np.concatenate([joined, *(frame[None] for frame in seam.end())])

    def made(self, take: Take, case: Case, given: Given) -> Clip:
        """The model's clip of a take."""
        spec = take.spec
        request = Request(
            prompt=take.caption,
            seconds=spec.frames / spec.fps,
            size=f"{spec.width}x{spec.height}",
            seed=take.seed,
            expand="off",  # the examiner's captions are what is examined
            language="en",
            **self.options,
        )
        conditions = _conditions(case, given)
        return self.pipe.run(self.pipe.plan(request, conditions), conditions)


def _conditions(case: Case, given: Given) -> list[Condition]:
    if given.whole is not None and given.box is not None:
        return [Region(frames=given.whole, box=given.box)]
    if given.first is None:
        return []
    if given.last is not None:
        return [Ends(first=given.first, last=given.last)]
    return [FirstFrame(image=given.first[0])] if case.task == "image" else [Prefix(frames=given.first)]


def codec_round_trip(pipe: Pipeline) -> RoundTrip:
    """What a model's codec makes of frames uint8 [T, H, W, 3]: there and back.

    What is longer than the model makes at once goes in pieces, so that memory does not grow with it.
    """
    most = pipe.facts.card.frames

    def round_trip(frames: Pixels) -> Pixels:
        if len(frames) <= most:
            return _there_and_back(pipe, frames)
        starts = [*range(0, len(frames) - most, most), len(frames) - most]
        whole = frames.copy()
        for start in starts:
            whole[start : start + most] = _there_and_back(pipe, frames[start : start + most])
        return whole

    return round_trip


@torch.inference_mode()
def _there_and_back(pipe: Pipeline, frames: Pixels) -> Pixels:
    latents = pipe.model.encode(as_video(frames))  # [1, C, F, h, w]
    video = pipe.model.codec.decode(latents.to(pipe.model.device))[0]  # [3, T, H, W]
    levels = (video.float() * 127.5 + 127.5).round().clamp(0, 255).to(torch.uint8)
    coded: Pixels = levels.permute(1, 2, 3, 0).cpu().contiguous().numpy()
    return coded
