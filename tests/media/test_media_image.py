"""Pictures: three formats, upright, within limits; contact sheets."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from himmel.errors import MediaError, UsageError
from himmel.media import Limits, Pixels, contact_sheet, read_image, read_metadata, write_image, write_png


def gradient(height: int = 24, width: int = 36) -> Pixels:
    y, x, c = np.ogrid[:height, :width, :3]
    return ((x * 5 + y * 3 + c * 40) % 256).astype(np.uint8)


def test_png_is_exact_and_keeps_metadata(tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    write_image(part, gradient(), metadata={"himmel_plan": '{"prompt":"日本"}'})
    assert (read_image(part) == gradient()).all()
    assert read_metadata(part) == {"himmel_plan": '{"prompt":"日本"}'}
    part.write_bytes(part.read_bytes()[:40])
    with pytest.raises(MediaError, match="a.part is not a readable PNG picture"):
        read_metadata(part)
    figure = tmp_path / "figure.png"
    write_png(figure, gradient())
    assert (read_image(figure) == gradient()).all()


@pytest.mark.parametrize("format", ["jpeg", "webp"])
def test_lossy_formats(tmp_path: Path, format: str) -> None:
    part = tmp_path / "a.part"
    smooth = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 32, 0).repeat(3, 2)
    write_image(part, smooth, format)  # type: ignore[arg-type]
    assert np.abs(read_image(part).astype(int) - smooth).max() <= 4
    with Image.open(part) as image:
        assert image.format == format.upper()


def test_wrong_writes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a .part file"):
        write_image(tmp_path / "a.png", gradient())
    with pytest.raises(UsageError, match="format 'gif' is not known; known: png, jpeg, webp"):
        write_image(tmp_path / "a.part", gradient(), "gif")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"uint8 \[H, W, 3\], got float64"):
        write_image(tmp_path / "a.part", gradient() / 2)
    with pytest.raises(UsageError, match=r"got uint8 \[24, 36\]"):
        write_image(tmp_path / "a.part", gradient()[..., 0])
    with pytest.raises(MediaError, match="was not written"):
        write_png(tmp_path / ("x" * 300), gradient())
    assert not list(tmp_path.iterdir())


def test_turned_photos_come_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned a quarter clockwise
    path = tmp_path / "a.png"
    Image.fromarray(gradient()).save(path, exif=exif)
    assert (read_image(path) == np.rot90(gradient(), -1)).all()


def test_transparency_goes_on_white(tmp_path: Path) -> None:
    rgba = np.dstack([gradient(), np.full((24, 36), 255, np.uint8)])
    rgba[:, :10, 3] = 0
    path = tmp_path / "a.png"
    Image.fromarray(rgba).save(path)
    back = read_image(path)
    assert (back[:, :10] == 255).all() and (back[:, 10:] == gradient()[:, 10:]).all()


def test_grey_of_any_depth(tmp_path: Path) -> None:
    path, grey = tmp_path / "a.png", gradient()[..., 0]
    Image.fromarray(grey).save(path)
    assert (read_image(path) == grey[..., None]).all()
    Image.fromarray(grey.astype(np.uint16) * 257).save(path)
    assert (read_image(path) == grey[..., None]).all()


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (12_000, 12_000)).save(path)
    assert path.stat().st_size < 100_000
    for limits in (None, Limits(picture=10**6)):
        with pytest.raises(MediaError, match="bomb.png"):
            read_image(path, limits)
    write_png(path, gradient())
    with pytest.raises(MediaError, match="is 36x24, more than 863 pixels"):
        read_image(path, Limits(picture=863))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_other_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(MediaError, match="not a readable PNG, JPEG or WebP picture"):
        read_image(path)


def test_damaged_and_missing(tmp_path: Path) -> None:
    path, rng = tmp_path / "a.png", np.random.default_rng(0)
    with pytest.raises(MediaError, match="No such file"):
        read_image(path)
    for format in ("png", "jpeg", "webp"):
        part = tmp_path / "a.part"
        write_image(part, gradient(), format)  # type: ignore[arg-type]
        content = part.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(MediaError):
            read_image(path)
        for _ in range(60):
            damaged = bytearray(content)
            damaged[int(rng.integers(len(content)))] ^= int(rng.integers(1, 256))
            path.write_bytes(damaged)
            try:
                assert read_image(path, Limits(picture=10**6)).dtype == np.uint8
            except MediaError:
                pass


def test_contact_sheet_places_frames() -> None:
    frames = np.arange(5, dtype=np.uint8)[:, None, None, None] * 50 + np.zeros((1, 10, 20, 3), np.uint8)
    sheet = contact_sheet(frames, columns=2)
    assert sheet.shape == (4 + 3 * 14, 4 + 2 * 24, 3)
    for index in range(5):
        top, left = 4 + index // 2 * 14, 4 + index % 2 * 24
        assert (sheet[top : top + 10, left : left + 20] == frames[index]).all()
    assert contact_sheet(frames[:1], columns=6).shape == (18, 28, 3)


def test_contact_sheet_captions() -> None:
    frames = np.zeros((2, 30, 60, 3), np.uint8)
    plain = contact_sheet(frames, 2, ["", ""])
    named = contact_sheet(frames, 2, ["first", "a caption much longer than its picture\nis wide"])
    assert plain.shape == named.shape == (4 + 30 + 16 + 4, 4 + 2 * 64, 3)
    assert (plain != named).any(axis=(0, 2))[4:64].any() and (plain[:34] == named[:34]).all()


def test_contact_sheet_refusals() -> None:
    frames = np.zeros((2, 30, 60, 3), np.uint8)
    with pytest.raises(UsageError, match="0 columns"):
        contact_sheet(frames, 0)
    with pytest.raises(UsageError, match="1 captions for 2 frames"):
        contact_sheet(frames, 2, ["one"])
    with pytest.raises(UsageError, match=r"got uint8 \[0, 30, 60, 3\]"):
        contact_sheet(frames[:0], 2)
