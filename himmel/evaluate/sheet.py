"""A sheet of what was made, to be looked at beside the numbers; sealed, as everything a model made."""

import json
from pathlib import Path

import numpy as np

from himmel.errors import UsageError
from himmel.evaluate.cases import Case
from himmel.evaluate.exhibit import Pixels
from himmel.generate import Pipeline
from himmel.media import contact_sheet, part_path, write_image
from himmel.provenance import Manifest, SealedVideo, check_final, load_keys, seal

__all__ = ["SAMPLES_FORMAT", "SampleSheet"]

SAMPLES_FORMAT = "himmel.samples/1"
MOMENTS = 4


class SampleSheet:
    """Collects clips (give it to `evaluate` as `on_clip`) and writes the picture: a row of moments for each."""

    def __init__(self, most: int = 24, columns: int = 2) -> None:
        self.most, self.columns = most, columns
        self._pictures: list[Pixels] = []
        self._captions: list[str] = []
        self._asked: list[dict[str, object]] = []

    def __call__(self, case: Case, frames: Pixels) -> None:
        """Keep a few moments of a clip, unless the sheet is full."""
        if len(self._pictures) >= self.most * MOMENTS:
            return
        moments = np.linspace(0, len(frames) - 1, MOMENTS).round().astype(int)
        self._pictures += list(frames[moments])
        self._asked.append({"caption": case.caption, "seed": case.seed, "task": case.task})
        width, words = frames.shape[2] // 6, case.caption.split()
        # The caption runs on below the moments of its clip.
        lines = [""]
        for word in words:
            if len(lines[-1]) + len(word) >= width and len(lines) < MOMENTS:
                lines.append("")
            lines[-1] += f" {word}"
        self._captions += [*lines, *[""] * (MOMENTS - len(lines))]

    def write(self, path: Path, pipe: Pipeline, *, force: bool = False) -> SealedVideo:
        """Write the sheet as a PNG, sealed as the work of `pipe`, which was examined.

        Raises UsageError when there is nothing on it or `path` cannot be (or exists, unless `force`), MediaError
        and SealError when writing or sealing fails.
        """
        if not self._pictures:
            raise UsageError("no clip was made; there is nothing to put on a sheet")
        if path.suffix.lower() != ".png":
            raise UsageError(f"{path.name} must end in .png")
        check_final(path, force=force)
        card, asked = pipe.facts.card, {"format": SAMPLES_FORMAT, "clips": self._asked}
        manifest = Manifest(
            plan=json.dumps(asked, sort_keys=True),
            weights=pipe.facts.weights,
            ledger=card.ledger or None,
            title=f"samples of {pipe.facts.name}",
        )
        part = part_path(path)
        write_image(part, contact_sheet(np.stack(self._pictures), self.columns * MOMENTS, self._captions))
        return seal(part, path, manifest, load_keys(pipe.keys_folder), force=force)
