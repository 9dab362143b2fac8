import pytest

from himmel.generate.progress import DECODE_GUESS, Clock, Progress


class Watch:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def test_the_estimate_is_measured_and_counts_guided_calls_twice() -> None:
    watch, events = Watch(), list[Progress]()
    clock = Clock(events.append, calls=3, cost=5, groups=2, now=watch)
    clock.at("text")
    assert events[-1].eta is None and events[-1].fraction == 0.0
    watch.time = 10.0
    clock.resume()
    watch.time = 11.0
    clock.called(1)
    assert events[-1].eta == pytest.approx(4 * 1.0 + 2 * DECODE_GUESS)
    watch.time = 13.0
    clock.called(2)
    watch.time = 15.0
    clock.called(2)
    assert events[-1].eta == pytest.approx(2 * DECODE_GUESS) and events[-1].seconds == 15.0
    watch.time = 15.5
    clock.decoded(1)
    assert events[-1].eta == pytest.approx(0.5) and events[-1].stage == "decode"
    watch.time = 16.0
    clock.decoded(1)
    assert events[-1].eta == 0.0 and events[-1].fraction == 1.0
    assert [(event.done, event.total) for event in events] == [(0, 1), (1, 3), (2, 3), (3, 3), (1, 2), (2, 2)]


def test_time_spent_elsewhere_is_not_measured() -> None:
    watch = Watch()
    clock = Clock(calls=2, cost=2, groups=0, now=watch)
    watch.time = 1.0
    clock.called(1)
    watch.time = 100.0
    clock.resume()
    watch.time = 101.0
    clock.called(1)
    assert clock.eta == 0.0
    assert Clock(calls=1, cost=1, groups=1, now=watch).eta is None
