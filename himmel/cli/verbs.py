"""The verbs, and what every one of them has in common: exit codes, errors in one sentence, quiet threads.

Exit codes: 0 done, 1 failed, 2 the command or the request is wrong, 130 cancelled. Standard output holds
results only (paths, or JSON with --json); everything else goes to standard error.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from cyclopts import App, CycloptsError

from himmel import __version__
from himmel.cli.direct import connect, extend, inpaint, loop, remix
from himmel.cli.doctor import doctor
from himmel.cli.evaluate import evaluate
from himmel.cli.make import image, make
from himmel.cli.show import print_error
from himmel.cli.stop import ENDINGS
from himmel.cli.train import train
from himmel.cli.verify import verify
from himmel.cli.world import world
from himmel.errors import HimmelError, UsageError

__all__ = ["app", "main"]

CANCELLED = 130

app = App(
    name="himmel",
    help="Make short videos from sentences, on your own machine.",
    version=__version__,
    help_format="markdown",
    suppress_keyboard_interrupt=False,  # main() answers it, after everything has been cleaned up
)
for command in (make, image, extend, connect, loop, remix, inpaint, verify, doctor, evaluate):
    app.command(command)
app.command(world)
app.command(train)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, that of the process unless `arguments` are given, and return its exit code."""
    code = _answered(list(sys.argv[1:] if arguments is None else arguments))
    if arguments is None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the answer is given: the rest is the interpreter's own end
    return code


def _answered(tokens: list[str]) -> int:
    # OpenMP reads this when torch is imported: spinning threads double the time on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    as_json = "--json" in tokens
    try:
        with _terminable():
            code = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except CycloptsError as error:
        hint = f"see: himmel {' '.join(error.command_chain or ())}".rstrip() + " --help"
        return print_error(UsageError(f"{' '.join(str(error).split())} ({hint})"), as_json)
    except HimmelError as error:
        return print_error(error, as_json)
    except KeyboardInterrupt:
        with suppress(OSError):  # the terminal may have gone
            sys.stderr.write("himmel: cancelled; nothing half-written was left behind\n")
        return CANCELLED
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more can be said on it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        what = error.strerror or str(error)
        return print_error(HimmelError(f"{error.filename}: {what}" if error.filename else what), as_json)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        return print_error(HimmelError("there is not enough memory for this; ask for a smaller --size"), as_json)


@contextmanager
def _terminable() -> Iterator[None]:
    """Being told to end, or losing the terminal, cleans up as Ctrl-C does."""

    def stop(signal_number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, stop) for number in ENDINGS if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
