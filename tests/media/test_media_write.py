"""Writing videos: exact colours, the same bytes twice, and nothing left behind when it fails."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from himmel.errors import Cancelled, MediaError, UsageError
from himmel.media import Pixels, part_path, read_metadata, read_video, write_video
from himmel.media import encode as encode_module

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 60, 30), (17, 90, 222)]


def flat(height: int = 32, width: int = 48) -> Pixels:
    """One frame of each colour."""
    return np.broadcast_to(np.array(COLOURS, np.uint8)[:, None, None], (7, height, width, 3)).copy()


def moving(frames: int, height: int, width: int) -> Pixels:
    """Smooth waves that travel."""
    t, y, x, c = np.ogrid[:frames, :height, :width, :3]
    return (127 + 100 * np.sin(x / 9 + y * c / 14 + t / 5)).astype(np.uint8)


def in_chunks(frames: Pixels, *sizes: int) -> Iterator[Pixels]:
    start = 0
    for size in sizes:
        yield frames[start : start + size]
        start += size


def test_colours_survive(tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    assert write_video(part, [flat()], 24, crf=1) == 7
    back = read_video(part)
    assert np.abs(back.pixels.astype(int) - flat()).max() <= 2
    with av.open(str(part)) as container:
        context = container.streams.video[0].codec_context
        tags = (context.color_range, context.colorspace, context.color_primaries, context.color_trc)
        assert (context.pix_fmt, tags) == ("yuv420p", (1, 1, 1, 1))


@pytest.mark.parametrize("sizes", [(7,), (1, 1, 1, 1, 1, 1, 1), (3, 0, 4), (2, 5)])
def test_chunks_do_not_matter(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    whole, parts = tmp_path / "whole.part", tmp_path / "parts.part"
    frames = moving(7, 48, 80)
    write_video(whole, [frames], 24)
    assert write_video(parts, in_chunks(frames, *sizes), 24) == 7
    assert whole.read_bytes() == parts.read_bytes()


@pytest.mark.parametrize(("height", "width"), [(64, 64), (120, 136), (98, 150)])
def test_the_same_frames_make_the_same_bytes(tmp_path: Path, height: int, width: int) -> None:
    rng, seen = np.random.default_rng(0), set()
    for repeat in range(3):
        litter = [rng.integers(0, 256, size, np.uint8) for size in rng.integers(1000, 400_000, 40)]
        del litter  # memory that an encoder reading beyond its input would meet
        part = tmp_path / f"{repeat}.part"
        write_video(part, [moving(20, height, width)], 24, metadata={"himmel_plan": "{}"})
        seen.add(part.read_bytes())
    assert len(seen) == 1


def test_index_comes_before_pictures(tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    write_video(part, [flat()], 24)
    content = part.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert b"Lavf" not in content and b"Lavc" not in content


@pytest.mark.parametrize("fps", [24, 12.5, Fraction(30000, 1001), 60])
def test_rate(tmp_path: Path, fps: float | Fraction) -> None:
    part = tmp_path / "a.part"
    write_video(part, [moving(5, 16, 16)], fps)
    back = read_video(part)
    assert back.fps == Fraction(fps)
    assert back.seconds == pytest.approx(5 / float(fps))


def test_metadata_reads_back(tmp_path: Path) -> None:
    plan = '{"prompt":"日本 \\"quoted\\" = ; # \\n\\\\","shots":[' + "1," * 20_000 + "2]}"
    part = tmp_path / "a.part"
    write_video(part, [flat()], 24, metadata={"comment": "made with Himmel", "himmel_plan": plan})
    assert read_metadata(part) == {"comment": "made with Himmel", "himmel_plan": plan}


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), 1001])
def test_wrong_rate(tmp_path: Path, fps: float) -> None:
    with pytest.raises(UsageError, match="frames per second"):
        write_video(tmp_path / "a.part", [flat()], fps)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        ([flat(31, 48)], "48x31 must be even.*nearest: 48x32"),
        ([flat(32, 47)], "47x32 must be even"),
        ([], "at least one frame"),
        ([flat()[:0]], "at least one frame"),
        ([flat(), flat(16, 48)], "frame 7 is 48x16 in a 48x32 video"),
        ([flat().astype(np.float32)], "uint8 .* got float32"),
        ([flat()[0]], r"got uint8 \[32, 48, 3\]"),
        (["frames"], "got str"),
    ],
)
def test_wrong_frames(tmp_path: Path, frames: list[Pixels], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        write_video(tmp_path / "a.part", frames, 24)
    assert not list(tmp_path.iterdir())


def test_only_parts_in_existing_folders(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a .part file"):
        write_video(tmp_path / "a.mp4", [flat()], 24)
    with pytest.raises(UsageError, match="does not exist"):
        write_video(tmp_path / "none" / "a.part", [flat()], 24)
    with pytest.raises(UsageError, match="codec 'mpeg2' is not known; known: h264"):
        write_video(tmp_path / "a.part", [flat()], 24, codec="mpeg2")
    with pytest.raises(UsageError, match="crf 52"):
        write_video(tmp_path / "a.part", [flat()], 24, crf=52)
    first, second = part_path(tmp_path / "a.mp4"), part_path(tmp_path / "a.mp4")
    assert first != second and first.parent == tmp_path and first.suffix == ".part"


def test_missing_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(encode_module.CODECS, "h264", "libabsent")
    with pytest.raises(MediaError, match="no libabsent encoder; reinstall it"):
        write_video(tmp_path / "a.part", [flat()], 24)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [Cancelled("stopped"), KeyboardInterrupt(), OSError(errno.EIO, "of the source")])
def test_a_failing_source_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    def broken() -> Iterator[Pixels]:
        yield flat()
        raise error

    with pytest.raises(type(error)) as caught:
        write_video(tmp_path / "a.part", broken(), 24)
    assert caught.value is error
    assert not list(tmp_path.iterdir())


def test_a_name_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="was not written: "):
        write_video(tmp_path / ("x" * 300 + ".part"), [flat()], 24)


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from himmel.errors import MediaError
from himmel.media import write_video
part, limit = Path(sys.argv[1]), int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
frames = np.random.default_rng(0).integers(0, 256, (24, 64, 64, 3), np.uint8)
try:
    write_video(part, [frames], 24)
except MediaError as error:
    print(error)
"""


def write_in_child(part: Path, limit: int) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(part), str(limit)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(os.name != "posix", reason="limits on file size are POSIX")
@pytest.mark.parametrize("limit", [16, 20_000, 70_000])
def test_a_file_that_may_not_grow(tmp_path: Path, limit: int) -> None:
    said = write_in_child(tmp_path / "a.part", limit)
    assert said.count("\n") == 1 and "a.part" in said
    assert not list(tmp_path.iterdir())


def test_a_full_disk(tmp_path: Path) -> None:
    small = tmp_path / "disk"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    try:
        said = write_in_child(small / "a.part", 0)
        left = list(small.iterdir())
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert said == "the disk is full: a.part was not written; free some space and repeat\n"
    assert not left
