"""`himmel doctor`: what works here, what is missing, and the line that installs it."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from himmel.cli.home import keys_folder
from himmel.cli.show import print_json, print_path
from himmel.errors import HimmelError, SealError

__all__ = ["Check", "doctor", "drawing"]

DRAWING_SECONDS = 60  # a driver that has not answered by then hangs
FOR_WORLD = "world train evaluate"
MARKS = {"works": "ok", "missing": "--", "broken": "!!"}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One finding. needed_for: the verbs that need it. remedy: the line that mends it, empty when it works."""

    name: str
    status: Literal["works", "missing", "broken"]
    detail: str
    needed_for: str
    remedy: str = ""


def doctor(*, json: Annotated[bool, Parameter(negative=(), help="Print the findings as JSON.")] = False) -> int:
    """Say what works here, what is missing, and how to install it.

    The exit code is 0 when videos can be made, 1 otherwise.
    """
    checks = [look() for look in (_python, _torch, _media, _seal, _key, _weights, _disk, _world, drawing, _train)]
    able = all(check.status == "works" for check in checks if "make" in check.needed_for.split())
    if json:
        print_json({"can_make": able, "checks": [asdict(check) for check in checks]})
        return 0 if able else 1
    for check in checks:
        print_path(f"{MARKS[check.status]}  {check.name:<10} {check.detail}")
        if check.remedy:
            print_path(f"    for himmel {check.needed_for.replace(' ', ', ')}: {check.remedy}")
    print_path("himmel make works here" if able else "himmel make does not work here yet")
    return 0 if able else 1


def _python() -> Check:
    detail = f"{platform.python_version()} on {platform.machine()}, himmel {_version('himmel') or 'from source'}"
    fine = sys.version_info >= (3, 11)
    remedy = "" if fine else "install Python 3.11 or newer"
    return Check(name="python", status=_status(fine), detail=detail, needed_for="make", remedy=remedy)


def _torch() -> Check:
    def works() -> str:
        import torch

        from himmel.generate import fast_precision

        device = (
            torch.cuda.get_device_name()
            if torch.cuda.is_available()
            else f"CPU, {torch.get_num_threads()} threads"
        )
        return f"torch {torch.__version__}, {device}, {fast_precision()}"

    return _tried("torch", works, needed_for="make train evaluate", remedy='pip install "torch>=2.11,<2.14"')


def _media() -> Check:
    def works() -> str:
        import av

        av.codec.Codec("libx264", "w")
        return f"PyAV {av.__version__} with H.264"

    return _tried("media", works, needed_for="make world", remedy='pip install --force-reinstall "av>=15,<20"')


def _seal() -> Check:
    def works() -> str:
        import himmel.provenance  # noqa: F401  imports c2pa and cryptography

        return f"c2pa-python {_version('c2pa-python')}"

    remedy = 'pip install "c2pa-python>=0.38.1,<0.39" "cryptography>=44"'
    return _tried("seal", works, needed_for="make verify", remedy=remedy)


def _key() -> Check:
    def works() -> str:
        from himmel.provenance import read_root

        made = read_root(keys_folder()) is not None
        there = next(folder for folder in (keys_folder(), *keys_folder().parents) if folder.exists())
        if not made and not os.access(there, os.W_OK):
            raise SealError(f"{there} cannot be written to, so no signing key can be made")
        return f"in {keys_folder()}" if made else f"will be made in {keys_folder()} by the first video"

    return _tried(
        "key", works, needed_for="make", remedy="see docs/provenance.md, or name a folder with HIMMEL_HOME"
    )


def _weights() -> Check:
    def works() -> str:
        from himmel.weights import verify_weights

        index = verify_weights("bundled")
        return f"{index.card.name}, {index.total_bytes / 1e6:.1f} MB, verified, digest {index.digest[:12]}"

    return _tried(
        "weights", works, needed_for="make", remedy="pip install --force-reinstall himmel, or use --model FOLDER"
    )


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free
    remedy = "" if free > 2**28 else "free some space"
    detail = f"{free / 1e9:.1f} GB free here"
    return Check(name="disk", status=_status(not remedy), detail=detail, needed_for="make", remedy=remedy)


def _world() -> Check:
    return _lacking("world") or Check(
        name="world",
        status="works",
        detail=f"mujoco {_version('mujoco')}, moderngl {_version('moderngl')}",
        needed_for=FOR_WORLD,
    )


def _lacking(name: str) -> Check | None:
    """What of the extra "world" is not installed, as the finding called `name`."""
    packages = [package for package in ("mujoco", "moderngl") if find_spec(package) is None]
    if not packages:
        return None
    detail, remedy = f"{' and '.join(packages)} not installed", 'pip install "himmel[world]"'
    return Check(name=name, status="missing", detail=detail, needed_for=FOR_WORLD, remedy=remedy)


def drawing() -> Check:
    """Whether the world can be drawn, tried in a process of its own: a broken driver may take it along."""
    if lacking := _lacking("drawing"):
        return lacking
    command = [sys.executable, "-c", "from himmel.world import Stage; Stage().close()"]
    remedy = "apt-get install -y libegl1 libgl1-mesa-dri"
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DRAWING_SECONDS)
    except subprocess.TimeoutExpired:
        detail = f"the driver did not answer in {DRAWING_SECONDS} s"
        return Check(name="drawing", status="broken", detail=detail, needed_for=FOR_WORLD, remedy=remedy)
    if done.returncode == 0:
        detail = "OpenGL draws without a window (EGL)"
        return Check(name="drawing", status="works", detail=detail, needed_for=FOR_WORLD)
    detail = (done.stderr.strip().splitlines() or [f"it ended with code {done.returncode}"])[-1][:160]
    return Check(name="drawing", status="missing", detail=detail, needed_for=FOR_WORLD, remedy=remedy)


def _train() -> Check:
    found = find_spec("tensorboard") is not None
    detail = f"tensorboard {_version('tensorboard')}" if found else "tensorboard not installed"
    remedy = "" if found else 'pip install "himmel[train]"'
    return Check(name="train", status=_status(found), detail=detail, needed_for="train", remedy=remedy)


def _tried(name: str, works: Callable[[], str], *, needed_for: str, remedy: str) -> Check:
    try:
        return Check(name=name, status="works", detail=works(), needed_for=needed_for)
    except ImportError as error:
        detail = f"not installed ({error.name or error})"
        return Check(name=name, status="missing", detail=detail, needed_for=needed_for, remedy=remedy)
    except (HimmelError, OSError, RuntimeError, ValueError) as error:
        detail = " ".join(str(error).split())
        return Check(name=name, status="broken", detail=detail, needed_for=needed_for, remedy=remedy)


def _status(fine: bool) -> Literal["works", "missing"]:
    return "works" if fine else "missing"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
