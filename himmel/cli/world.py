"""`himmel world`: look at the procedural world, and draw training data from it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from himmel.cli.home import keys_folder
from himmel.cli.options import SIZES
from himmel.cli.outputs import check_output
from himmel.cli.show import Show, print_json, print_note, print_path
from himmel.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from himmel.data import RenderConfig
    from himmel.provenance import SealedVideo
    from himmel.world import RenderedClip

__all__ = ["preview", "render", "world"]

SCENE_FORMAT = "himmel.scene/1"

world = App(
    name="world", help="Look at the procedural world and draw training data from it.", help_format="markdown"
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Part:
    """Which part of the world, at which size."""

    profile: Annotated[
        str, Parameter(help="A part of the world's grammar: first_light, full or intuitive_physics.")
    ] = "full"
    split: Annotated[
        str, Parameter(help="train, validation, or held_out (combinations training never shows).")
    ] = "train"
    size: Annotated[str, Parameter(help=SIZES)] = "128x128"

    def drawing(self) -> "RenderConfig":
        """How the part is drawn."""
        from himmel.data import RenderConfig
        from himmel.shapes import parse_sizes

        return RenderConfig.of_sizes(parse_sizes(self.size), split=self.split, profile=self.profile)


@world.command
def preview(
    *,
    seed: Annotated[int, Parameter(help="Which scene: the same seed draws the same scene.")] = 0,
    out: Annotated[
        Path, Parameter(name=["--out", "-o"], help="The video; NAME.sheet.png is made beside it.")
    ] = Path("world.mp4"),
    part: Part = Part(),  # noqa: B008  frozen
    force: Annotated[bool, Parameter(negative=(), help="Replace files that exist.")] = False,
    json: Annotated[bool, Parameter(negative=(), help="Print the result as JSON.")] = False,
) -> int:
    """Draw one scene of the world: a video and a picture of its frames side by side.

    Both files are sealed as drawn by an algorithm, not by a model. Prints their paths.
    """
    sheet = out.with_name(f"{out.stem}.sheet.png")
    for path in (out, sheet):
        check_output(path, force=force)
    _need_world()
    clip, caption = _drawn(seed, part)
    print_note(caption)
    video, picture = _sealed(clip, caption, out, sheet, force=force)
    if json:
        print_json(
            {"video": str(video.path), "sheet": str(picture.path), "caption": caption, "digest": video.digest}
        )
    else:
        print_path(video.path)
        print_path(picture.path)
    return 0


@world.command
def render(
    *,
    clips: Annotated[int, Parameter(help="How many clips in all; those already there are not drawn again.")],
    out: Annotated[Path, Parameter(name=["--out", "-o"], help="The folder of shards and their ledger.")],
    first_seed: Annotated[int, Parameter(help="The seed of the first clip.")] = 0,
    workers: Annotated[int, Parameter(help="Processes that draw.")] = 1,
    part: Part = Part(),  # noqa: B008
    json: Annotated[bool, Parameter(negative=(), help="Print the result as JSON.")] = False,
) -> int:
    """Draw clips with captions and ground truth into shards with a ledger.

    Stop it and start it again: it goes on where it was. Prints the folder.
    """
    _need_world()
    from himmel.data import render_shards

    config = part.drawing()
    with Show() as show:
        root = render_shards(
            out,
            clips=clips,
            first_seed=first_seed,
            workers=workers,
            config=config,
            on_progress=show.counter("clips"),
        )
    if json:
        print_json({"folder": str(out), "ledger": root, "clips": clips})
    else:
        print_path(out)
    return 0


def _need_world() -> None:
    from importlib.util import find_spec

    if find_spec("mujoco") is None or find_spec("moderngl") is None:
        raise MissingExtra("world", "drawing the world")


def _drawn(seed: int, part: Part) -> "tuple[RenderedClip, str]":
    from himmel.world import Stage, canonical

    if seed < 0:
        raise UsageError(f"seed {seed} must be 0 or more")
    scene = part.drawing().scene(seed)
    stage = Stage()
    try:
        return stage.render(scene), canonical(scene)
    finally:
        stage.close()


def _sealed(
    clip: "RenderedClip", caption: str, out: Path, sheet: Path, *, force: bool
) -> "tuple[SealedVideo, SealedVideo]":
    from himmel.media import contact_sheet, part_path, write_image, write_video
    from himmel.provenance import Manifest, load_keys, seal

    scene = {"format": SCENE_FORMAT, "caption": caption, **clip.spec.to_dict()}
    manifest = Manifest(plan=json.dumps(scene, sort_keys=True), source="algorithmicMedia", title=caption[:80])
    keys, parts = load_keys(keys_folder()), (part_path(out), part_path(sheet))
    try:
        write_video(parts[0], [clip.frames], clip.spec.fps, metadata={"himmel_scene": manifest.plan})
        write_image(parts[1], contact_sheet(clip.frames[::3], columns=4), "png")
        video = seal(parts[0], out, manifest, keys, force=force)
        return video, seal(parts[1], sheet, manifest, keys, force=force)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
