"""Stopping work that can go on later: the first Ctrl-C asks for a tidy end, the second one insists."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from himmel.cli.show import print_note

__all__ = ["ENDINGS", "stopping"]

# What asks a process to end: SIGTERM, and SIGHUP (not on every system) when its terminal is closed.
ENDINGS = (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """A function that says whether Ctrl-C (or one of ENDINGS) has asked to stop."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        with suppress(OSError):  # the terminal may have gone
            print_note("stopping after this step; press Ctrl-C again to stop at once")

    # What is ignored (nohup) stays so.
    heard = [number for number in (signal.SIGINT, *ENDINGS) if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, ask) for number in heard}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
