import numpy as np
import pytest
from scipy import ndimage

from himmel.evaluate.things import connected, find_things


@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
def test_pieces_are_those_of_scipy(share: float) -> None:
    rng = np.random.default_rng(1)
    classes = (rng.random((5, 17, 23)) < share).astype(np.uint8) * rng.integers(1, 3, (5, 17, 23), dtype=np.uint8)
    found = connected(classes)
    for colour in range(3):
        known, count = ndimage.label(classes == colour)
        pairs = np.unique(np.stack([found, known])[:, classes == colour], axis=1)
        assert pairs.shape[1] == count == len(set(pairs[0]))


def scene(frames: int = 4, size: int = 64) -> np.ndarray:
    return np.zeros((frames, size, size), np.uint8)


def test_a_thing_is_followed_and_measured() -> None:
    classes = scene()
    for frame in range(4):
        classes[frame, 20:30, 10 + 5 * frame : 22 + 5 * frame] = 3
    (thing,) = find_things(classes)
    assert thing.colour == 2 and thing.seen.all()
    assert thing.area.tolist() == [120.0] * 4
    assert thing.x.tolist() == [16, 21, 26, 31] and thing.y.tolist() == [25] * 4
    assert (thing.left[1], thing.top[1], thing.right[1], thing.bottom[1]) == (15, 20, 27, 30)


def test_two_of_one_colour_are_two_and_specks_are_none() -> None:
    classes = scene()
    classes[:, 5:15, 5:15] = classes[:, 40:50, 40:50] = 1
    classes[:, 30, 30] = 2
    assert [thing.colour for thing in find_things(classes)] == [0, 0]


def test_what_something_else_cuts_in_two_is_one() -> None:
    classes = scene()
    classes[:, 30:34, 10:54] = 1
    classes[:, 20:44, 28:36] = 2
    assert sorted(thing.colour for thing in find_things(classes)) == [0, 1]


def test_a_thing_that_leaves_is_not_seen() -> None:
    classes = scene()
    classes[:2, 5:15, 5:15] = 4
    (thing,) = find_things(classes)
    assert thing.seen.tolist() == [True, True, False, False] and np.isnan(thing.x[3])


def test_an_empty_world_has_no_things() -> None:
    assert find_things(scene()) == []
