"""A clip in memory: frames, the plan they came from, and the way to a sealed file."""

import base64
import html
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from himmel.generate.sealing import finish, review_plan
from himmel.media import Pixels
from himmel.plan import Plan
from himmel.provenance import SealedVideo, load_keys
from himmel.weights import Card

__all__ = ["NOTEBOOK_BYTES", "Clip"]

NOTEBOOK_BYTES = 8 * 10**6  # a notebook holds every video it shows as text


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """Frames uint8 [T, H, W, 3] (read-only, so that they stay what the plan says) and their plan.

    In a notebook a clip shows itself, as the sealed file it would be saved as.
    """

    frames: Pixels = field(repr=False)
    plan: Plan = field(repr=False)
    card: Card = field(repr=False)
    keys_folder: Path = field(repr=False)

    @classmethod
    def of(cls, plan: Plan, chunks: Iterable[Pixels], card: Card, keys_folder: Path) -> "Clip":
        """The clip of a plan from its stream of frames; raises Declined when the policy refuses the plan."""
        review_plan(plan)
        frames = np.concatenate(list(chunks))
        frames.setflags(write=False)
        return cls(frames=frames, plan=plan, card=card, keys_folder=keys_folder)

    @property
    def fps(self) -> int:
        """Frames per second."""
        return self.plan.fps

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return len(self.frames) / self.fps

    def save(self, path: str | Path, *, force: bool = False) -> SealedVideo:
        """Write and seal a file: MP4, or for a single frame PNG, JPEG or WebP.

        Raises UsageError when `path` exists (unless `force`) or cannot be, MediaError and SealError when writing
        or sealing fails; nothing is then left behind.
        """
        keys = load_keys(self.keys_folder)
        return finish(self.plan, [self.frames], Path(path), card=self.card, keys=keys, force=force)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The video itself for a notebook, or what it is in words when it is too large."""
        words = f"{self.plan.prompt} ({self.frames.shape[2]}x{self.frames.shape[1]}, {self.seconds:.3g} s)"
        with tempfile.TemporaryDirectory() as folder:
            data = self.save(Path(folder) / "clip.mp4").path.read_bytes()
        if len(data) > NOTEBOOK_BYTES:
            size = f"{len(data) / 1e6:.1f} MB"
            note = f"{words}: {size} is too large to show here; save it with clip.save(path)"
            return {"text/plain": note, "text/html": f"<p>{html.escape(note)}</p>"}
        source = f"data:video/mp4;base64,{base64.b64encode(data).decode()}"
        title = html.escape(words, quote=True)
        player = f'<video controls loop autoplay muted playsinline title="{title}" src="{source}"></video>'
        return {"text/plain": words, "text/html": player}
