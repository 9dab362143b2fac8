import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himmel.errors import UsageError
from himmel.flow import windows


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.integers(1, 300), st.integers(2, 40), st.data())
def test_windows_make_every_frame_once(frames: int, size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(1, size - 1))
    parts = windows(frames, size=size, overlap=overlap)
    made = 0
    for part in parts:
        assert part.start + part.known == made and part.new >= 1
        assert part.frames == min(size, frames)
        made = part.stop
    assert made == frames
    assert parts[0].known == 0 and all(part.known >= overlap for part in parts[1:])


def test_impossible_windows_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 1 and below"):
        windows(20, size=9, overlap=9)
    with pytest.raises(UsageError, match="1 or more"):
        windows(0, size=9, overlap=1)
