"""Reading videos: our own and simple others, and nothing that a hostile file would have us open."""

from pathlib import Path

import av
import numpy as np
import pytest

from himmel.errors import MediaError, UsageError
from himmel.media import Limits, Pixels, read_metadata, read_video, write_video

UNTURNED = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000]
TURNS = {
    0: UNTURNED,
    -1: [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000],  # a phone held upright: a quarter clockwise
    1: [0, -0x10000, 0, 0x10000, 0, 0, 0, 0, 0x40000000],
    2: [-0x10000, 0, 0, 0, -0x10000, 0, 0, 0, 0x40000000],
}


def quarters(height: int = 32, width: int = 64) -> Pixels:
    """Two frames with a colour in each corner."""
    frames = np.zeros((2, height, width, 3), np.uint8)
    frames[:, : height // 2, : width // 2] = (250, 20, 20)
    frames[:, : height // 2, width // 2 :] = (20, 250, 20)
    frames[:, height // 2 :, : width // 2] = (20, 20, 250)
    return frames


def matrix(values: list[int]) -> bytes:
    return b"".join(value.to_bytes(4, "big", signed=True) for value in values)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    part = tmp_path / "a.part"
    write_video(part, [quarters()], 12, crf=4)
    return part


@pytest.mark.parametrize("turns", TURNS)
def test_turned_videos_come_upright(video: Path, turns: int) -> None:
    content = video.read_bytes()
    track = content.index(b"tkhd")
    place = content.index(matrix(UNTURNED), track)
    video.write_bytes(content[:place] + matrix(TURNS[turns]) + content[place + 36 :])
    expected = np.rot90(quarters(), turns, axes=(1, 2))
    back = read_video(video).pixels
    assert back.shape == expected.shape and back.flags.c_contiguous
    assert np.abs(back.astype(int) - expected).mean() < 5  # colour bleeds over edges in yuv420p


@pytest.mark.parametrize(("space", "wide"), [(1, False), (5, False), (5, True), (9, False)])
def test_tagged_colours_are_followed(tmp_path: Path, space: int, wide: bool) -> None:
    path, pixel_format = tmp_path / "a.mov", "yuv444p"
    frame = av.VideoFrame.from_ndarray(quarters()[0], format="rgb24")
    with av.open(str(path), "w", format="mov") as container:
        stream = container.add_stream("libx264", rate=5, options={"crf": "0"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 32, pixel_format
        levels = 2 if wide else 1
        stream.codec_context.colorspace, stream.codec_context.color_range = space, levels
        for _ in range(2):
            yuv = frame.reformat(format=pixel_format, dst_colorspace=space, dst_color_range=levels)
            container.mux(stream.encode(yuv))
        container.mux(stream.encode(None))
    assert np.abs(read_video(path).pixels.astype(int) - quarters()).max() <= 4


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(picture=2047), "is 64x32, more than 2047 pixels"),
        (Limits(frames=1), "has 2 frames, more than 1"),
        (Limits(memory=12287), "GiB as frames"),
    ],
)
def test_limits(video: Path, limits: Limits, says: str) -> None:
    with pytest.raises(MediaError, match=says):
        read_video(video, limits)


def test_exactly_at_the_limits(video: Path) -> None:
    assert len(read_video(video, Limits(picture=2048, frames=2, memory=12288)).pixels) == 2


def test_limits_as_values() -> None:
    limits = Limits(frames=5)
    assert Limits.from_dict(limits.to_dict()) == limits
    with pytest.raises(UsageError, match="unknown limit 'pictures'"):
        Limits.from_dict({"pictures": 3})
    with pytest.raises(UsageError, match="frames=0 must be at least 1"):
        Limits(frames=0)


def test_a_playlist_opens_no_other_file(tmp_path: Path, video: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(video.read_bytes())
    hostile = tmp_path / "hostile.mp4"
    hostile.write_text("ffconcat version 1.0\nfile secret.mp4\n")
    with av.open(str(hostile)) as guessed:  # what leaving the choice to FFmpeg would do
        assert guessed.streams.video[0].width == 64
    with pytest.raises(MediaError, match="hostile.mp4 is not a readable MP4 or MOV file"):
        read_video(hostile)


@pytest.mark.parametrize(
    "content", [b"", b"not a video", b"#EXTM3U\nhttp://127.0.0.1:9/\n", b"v=0\no=- 0 0 IN IP4 0\n"]
)
def test_other_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    for read in (read_video, read_metadata):
        with pytest.raises(MediaError, match="a.mp4 is not a readable MP4 or MOV file"):
            read(path)


def test_cut_short(video: Path) -> None:
    content = video.read_bytes()
    for length in (8, 40, 200, len(content) // 2):
        video.write_bytes(content[:length])
        with pytest.raises(MediaError, match="a.part"):
            read_video(video)


def test_damaged_bytes_never_escape(video: Path) -> None:
    content, rng = video.read_bytes(), np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 4):
            damaged[place] ^= int(rng.integers(1, 256))
        video.write_bytes(damaged)
        try:
            assert read_video(video).pixels.dtype == np.uint8
        except MediaError as error:
            assert str(error).startswith("a.part ")


def test_missing_and_soundtrack_only(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="none.mp4 cannot be opened: No such file"):
        read_video(tmp_path / "none.mp4")
    path = tmp_path / "sound.mov"
    with av.open(str(path), "w", format="mov") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        assert isinstance(stream, av.AudioStream)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="sound.mov has no video track"):
        read_video(path)


def test_an_unknown_codec(video: Path) -> None:
    video.write_bytes(video.read_bytes().replace(b"avc1", b"none"))
    with pytest.raises(MediaError, match="a.part is of an unknown codec; convert it"):
        read_video(video)


def test_another_codec_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    with av.open(str(path), "w", format="mov") as container:
        stream = container.add_stream("mjpeg", rate=5)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuvj420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(quarters()[0], format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="a.mov is mjpeg; convert it to one of av1, h264"):
        read_video(path)
