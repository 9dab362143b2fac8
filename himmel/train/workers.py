"""A batch worked on by several processes side by side, a core for each, all of them on the same weights.

Small operations do not split well over cores, and every one of them waits for the slowest core; whole parts of
the batch wait once. Threads would share one Python, which every operation needs for a moment and a compiled
kernel keeps until it ends.
"""

import json
import mmap
import multiprocessing
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeAlias

import torch
from torch import Tensor, nn

from himmel.errors import TrainingError

__all__ = ["Gradients", "Work", "Workers", "one_thread"]

Gradients: TypeAlias = Sequence[Tensor | None]
Work: TypeAlias = Callable[[int, int], tuple[dict[str, float], Gradients]]

_ALIGNED = 64  # bytes
_PATIENCE = 5.0  # seconds that a process gets to end by itself


class Workers:
    """Processes 1 to `count` - 1; the caller itself is number 0.

    work: takes a step and a process's number, gives the sums of scalars and gradients of its parts of that step's
    batch, gradients in the order of `parameters`. It is forked with all it refers to. The parameters move into
    memory that the processes share, so that what the caller changes in them is there for the next step.
    """

    def __init__(self, count: int, parameters: Sequence[nn.Parameter], work: Work) -> None:
        for parameter, shared in zip(parameters, _shared(parameters), strict=True):
            parameter.data = shared.copy_(parameter.data)
        self._gradients = [_shared(parameters) for _ in range(1, count)]
        self._processes: list[BaseProcess] = []
        self._connections: list[Connection] = []
        context = multiprocessing.get_context("fork")
        for number, gradients in enumerate(self._gradients, start=1):
            mine, theirs = context.Pipe()
            ends = [*self._connections, mine]
            process = context.Process(target=_serve, args=(theirs, ends, work, number, gradients), daemon=True)
            with warnings.catch_warnings():
                # A worker runs on one thread and takes no lock that another thread may hold.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            theirs.close()
            self._processes.append(process)
            self._connections.append(mine)

    def ask(self, step: int) -> None:
        """Begin a step."""
        for connection in self._connections:
            try:
                connection.send_bytes(str(step).encode())
            except OSError as error:
                raise _gone() from error

    def answers(self) -> Iterator[tuple[dict[str, float], Gradients]]:
        """What each process found, in their order; gradients are good until the next step begins."""
        for connection, gradients in zip(self._connections, self._gradients, strict=True):
            try:
                answer = json.loads(connection.recv_bytes())
            except (EOFError, OSError) as error:
                raise _gone() from error
            if "error" in answer:
                raise TrainingError(f"a part of a batch failed: {answer['error']}")
            missing = set(answer["missing"])
            yield answer["scalars"], [None if i in missing else g for i, g in enumerate(gradients)]

    def close(self) -> None:
        """End the processes."""
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.join(_PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one core within an operation, as the workers do."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _serve(
    connection: Connection, inherited: Sequence[Connection], work: Work, number: int, gradients: Sequence[Tensor]
) -> None:
    """Answer until the caller closes its end or is gone, which nobody sees who holds that end open."""
    for end in inherited:
        end.close()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)  # the caller finishes the step, then ends all
    torch.set_num_threads(1)
    while True:
        try:
            step = int(connection.recv_bytes())
        except (EOFError, OSError):
            return
        try:
            scalars, found = work(step, number)
            for shared, gradient in zip(gradients, found, strict=True):
                if gradient is not None:
                    shared.copy_(gradient)
            answer = {"scalars": scalars, "missing": [i for i, gradient in enumerate(found) if gradient is None]}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        connection.send_bytes(json.dumps(answer).encode())


def _shared(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Tensors of the same shapes in memory that forked processes share.

    Not torch's shared memory, which lies in /dev/shm: containers keep that small.
    """
    sizes = [tensor.numel() * tensor.element_size() for tensor in tensors]
    places = [0]
    for size in sizes:
        places.append(places[-1] + -(-size // _ALIGNED) * _ALIGNED)
    memory = mmap.mmap(-1, max(1, places[-1]))
    return [
        torch.frombuffer(memory, dtype=tensor.dtype, count=tensor.numel(), offset=place).view(tensor.shape)
        for tensor, place in zip(tensors, places, strict=False)
    ]


def _gone() -> TrainingError:
    return TrainingError("a process that worked on a part of a batch died (out of memory?); run the command again")
