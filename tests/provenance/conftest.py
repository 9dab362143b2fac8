"""Sealed files to judge: one of each kind, made once."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from himmel.media import part_path, write_image, write_video
from himmel.provenance import Keys, Manifest, load_keys, seal

PLAN = '{"prompt":"a red ball — ein roter Ball — 赤い玉","shots":[{"seed":7}]}'
NAMES = ("a.mp4", "a.png", "a.jpg", "a.webp")
FORMATS = {".png": "png", ".jpg": "jpeg", ".webp": "webp"}


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return load_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    verdicts = ({"answer": "allow", "score": 0.1, "frames": [0, 8], "note": None},)
    return Manifest(plan=PLAN, weights="0" * 64, ledger="sha256:" + "1" * 64, verdicts=verdicts)


@pytest.fixture(scope="session")
def make_part() -> Callable[[Path, int], Path]:
    """Write an unsealed `.part` for a final name; `seed` tells its pictures apart."""

    def make(final: Path, seed: int = 0) -> Path:
        frames = np.random.default_rng(seed).integers(0, 256, (3, 32, 32, 3), np.uint8)
        part = part_path(final)
        if final.suffix == ".mp4":
            write_video(part, [frames], 24, metadata={"himmel_plan": PLAN})
        else:
            write_image(part, frames[0], FORMATS[final.suffix])  # type: ignore[arg-type]
        return part

    return make


@pytest.fixture(scope="session")
def sealed(
    tmp_path_factory: pytest.TempPathFactory,
    make_part: Callable[[Path, int], Path],
    manifest: Manifest,
    keys: Keys,
) -> dict[str, bytes]:
    """Bytes of a sealed file of each kind, by name."""
    folder, contents = tmp_path_factory.mktemp("sealed"), {}
    for name in NAMES:
        final = folder / name
        contents[name] = seal(make_part(final, 0), final, manifest, keys).path.read_bytes()
    return contents
