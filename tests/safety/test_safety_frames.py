import numpy as np

from himmel.safety import FrameReview


def test_a_good_stream_is_allowed_and_not_called_safe() -> None:
    review = FrameReview()
    for level in (0, 200):
        review.look(np.full((2, 4, 4, 3), level, np.uint8))
    verdict = review.verdict()
    assert verdict.allowed and verdict.status == "skipped" and not verdict.safe and "4 frames" in verdict.reason


def test_broken_streams_are_refused() -> None:
    assert FrameReview().verdict().reason == "there are no frames"
    flat = FrameReview()
    flat.look(np.zeros((2, 4, 4, 3), np.uint8))
    assert flat.verdict().status == "failed" and "flat" in flat.verdict().reason
    bad = FrameReview()
    bad.look(np.full((1, 2, 2, 3), np.nan, np.float32))
    assert not bad.verdict().allowed and "finite" in bad.verdict().reason
