"""The machine a figure was measured on, in one line; the scripts that time something print it first.

    python benchmarks/machine.py

Hardware: any. Minutes: 0. Expected: the line names this machine's processor.
"""

import os
import platform
from pathlib import Path


def processor() -> str:
    """The model of the processor, as the system names it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> str:
    """Processor, cores, torch, threads, and how busy the machine is with other work."""
    import torch

    units = (
        "with bf16 matrix units" if torch.cpu.get_capabilities().get("amx_bf16") else "without bf16 matrix units"
    )
    busy = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    return (
        f"{processor()}, {cores()} cores {units}, {busy}; Python {platform.python_version()}, "
        f"torch {torch.__version__}, {torch.get_num_threads()} threads"
    )


if __name__ == "__main__":
    print(machine())
