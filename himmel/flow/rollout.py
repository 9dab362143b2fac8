"""Long video in windows: each begins with latent frames that the one before has made."""

from dataclasses import dataclass

from himmel.errors import UsageError

__all__ = ["Window", "windows"]


@dataclass(frozen=True, kw_only=True)
class Window:
    """Latent frames start..stop-1 of a video, of which the first `known` exist already."""

    start: int
    stop: int
    known: int

    @property
    def frames(self) -> int:
        """Latent frames in the window."""
        return self.stop - self.start

    @property
    def new(self) -> int:
        """Latent frames that the window adds to the video."""
        return self.frames - self.known


def windows(frames: int, *, size: int, overlap: int) -> tuple[Window, ...]:
    """Split `frames` latent frames into windows of at most `size` with at least `overlap` known frames.

    All windows are equally long, because a model does best at the lengths it was trained on: the last one reaches
    further back when the rest is short.

    >>> [(w.start, w.stop, w.known) for w in windows(20, size=9, overlap=3)]
    [(0, 9, 0), (6, 15, 3), (11, 20, 4)]
    """
    if frames < 1 or size < 1:
        raise UsageError(f"{frames} latent frames in windows of {size} is nothing to make; both must be 1 or more")
    if frames > size and not 1 <= overlap < size:
        raise UsageError(
            f"an overlap of {overlap} must be at least 1 and below the window of {size} latent frames"
        )
    made = min(frames, size)
    result = [Window(start=0, stop=made, known=0)]
    while made < frames:
        stop = min(frames, made + size - overlap)
        result.append(Window(start=stop - size, stop=stop, known=made - (stop - size)))
        made = stop
    return tuple(result)
