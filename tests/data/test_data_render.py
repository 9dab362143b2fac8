import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from himmel import world
from himmel.data.ledger import Ledger
from himmel.data.render import RenderConfig, render_shards
from himmel.data.shards import LEDGER_NAME, ClipShards
from himmel.errors import LedgerError, UsageError, WorldError
from himmel.shapes import BUCKETS, parse_sizes

TINY = RenderConfig(profile="first_light", width=32, height=32, frames=3)


@pytest.fixture(scope="module")
def drawable() -> None:
    try:
        world.Stage().close()
    except WorldError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def folder(drawable: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips")
    render_shards(path, clips=5, shard_size=2, config=TINY)
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.tar")}


def test_clips_are_what_the_world_draws(folder: Path) -> None:
    clips = ClipShards(folder)
    assert [row.seed for row in clips.rows] == [0, 1, 2, 3, 4]
    assert sorted(files(folder)) == ["train-000000000.tar", "train-000000002.tar", "train-000000004.tar"]
    stage = world.Stage()
    for index in clips:
        drawn = stage.render(TINY.scene(index))
        assert clips.frames(index).shape == drawn.frames.shape == (3, 32, 32, 3)
        assert np.abs(clips.frames(index).astype(int) - drawn.frames).mean() < 4
        assert world.SceneSpec.from_dict(clips.record(index)["spec"]) == drawn.spec
        truth = world.GroundTruth.from_arrays(clips.truth(index))
        np.testing.assert_array_equal(truth.masks, drawn.truth.masks)
    stage.close()


def test_the_ledger_says_where_they_come_from(folder: Path) -> None:
    with Ledger(folder / LEDGER_NAME, read_only=True) as ledger:
        assert ledger.verify() == 4
        [source] = ledger.sources().values()
    assert (source.kind, source.generator) == ("rendered", world.GENERATOR)
    assert source.licence_declared == source.licence_concluded == "Apache-2.0"


def test_an_interrupted_run_ends_in_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_shards(tmp_path, clips=5, shard_size=2, config=TINY, on_progress=stop)
    assert sorted(files(tmp_path)) == ["train-000000000.tar"]
    seen: list[tuple[int, int]] = []
    root = render_shards(
        tmp_path, clips=5, shard_size=2, config=TINY, on_progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert files(tmp_path) == files(folder)
    assert root == ClipShards(folder).root


def test_workers_draw_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    render_shards(tmp_path, clips=5, shard_size=2, workers=2, config=TINY)
    assert files(tmp_path) == files(folder)


def test_a_lost_shard_is_drawn_again_and_more_clips_are_added(folder: Path, tmp_path: Path) -> None:
    before = files(folder)
    render_shards(tmp_path, clips=5, shard_size=2, config=TINY)
    (tmp_path / "train-000000002.tar").unlink()
    render_shards(tmp_path, clips=6, shard_size=2, config=TINY)
    assert {name: content for name, content in files(tmp_path).items() if name in before} == before
    assert [row.seed for row in ClipShards(tmp_path).rows] == [0, 1, 2, 3, 4, 5]


def test_a_shard_that_comes_out_different_is_refused(
    drawable: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render_shards(tmp_path, clips=1, config=TINY)
    (tmp_path / "train-000000000.tar").unlink()
    monkeypatch.setattr("himmel.data.render.encode_clip", lambda frames, fps, crf: b"other")
    with pytest.raises(LedgerError, match="came out different"):
        render_shards(tmp_path, clips=1, config=TINY)
    assert files(tmp_path) == {}


INTERRUPTED = """
import sys
import time
from himmel.data import RenderConfig, render_shards

def told(done, total):
    if done == total:
        time.sleep(0.5)  # by now the workers wait for more to do
        print("drawn", flush=True)
        time.sleep(60)

if __name__ == "__main__":
    config = RenderConfig(profile="first_light", width=32, height=32, frames=3)
    try:
        render_shards(sys.argv[1], clips=2, workers=2, config=config, on_progress=told)
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_ctrl_c_stops_the_workers_without_a_word(drawable: None, tmp_path: Path) -> None:
    (tmp_path / "draw.py").write_text(INTERRUPTED)
    command = [sys.executable, tmp_path / "draw.py", tmp_path / "clips"]
    environment = os.environ | {"PYTHONPATH": str(Path(world.__file__).parents[2])}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen(command, start_new_session=True, **pipes) as running:
        assert running.stdout.readline() == "drawn\n"
        os.killpg(running.pid, signal.SIGINT)  # as a terminal sends it: to the parent and to every worker
        out, errors = running.communicate()
    assert out.endswith("interrupted\n") and not errors and running.returncode == 0
    assert files(tmp_path / "clips") == {}


def test_splits_share_a_folder_and_settings_do_not(folder: Path, tmp_path: Path) -> None:
    held = RenderConfig(**{**TINY.to_dict(), "split": "held_out"})
    render_shards(tmp_path, clips=1, config=TINY)
    render_shards(tmp_path, clips=1, config=held)
    assert [row.split for row in ClipShards(tmp_path).rows] == ["held_out", "train"]
    with pytest.raises(UsageError, match="another folder"):
        render_shards(tmp_path, clips=2, config=RenderConfig(**{**TINY.to_dict(), "crf": 20}))


@pytest.mark.parametrize(
    "settings",
    [{"clips": 0}, {"clips": 1, "workers": 0}, {"clips": 1, "shard_size": 0}, {"clips": 1, "first_seed": -1}],
)
def test_senseless_settings_are_refused(tmp_path: Path, settings: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="or more"):
        render_shards(tmp_path, **settings)
    assert list(tmp_path.iterdir()) == []


def test_the_config_survives_and_refuses() -> None:
    assert RenderConfig.from_dict(TINY.to_dict()) == TINY
    with pytest.raises(UsageError, match="speed"):
        RenderConfig.from_dict({"speed": 3})
    with pytest.raises(UsageError, match="split"):
        RenderConfig(split="test")
    with pytest.raises(UsageError, match="profile"):
        RenderConfig(profile="everything")


def test_clips_take_turns_in_several_sizes(drawable: None, tmp_path: Path) -> None:
    sizes = parse_sizes("32x32,48x32,32x48,48x32")
    config = RenderConfig.of_sizes(sizes, profile="first_light", frames=3)
    assert config.sizes == sizes and RenderConfig.from_dict(config.to_dict()) == config
    render_shards(tmp_path, clips=5, shard_size=3, config=config)
    clips, drawn = ClipShards(tmp_path), files(tmp_path)
    assert [f"{row.width}x{row.height}" for row in clips.rows] == ["32x32", "48x32", "32x48", "48x32", "32x32"]
    assert [str(size) for size in clips.sizes] == ["32x32", "48x32", "32x48"]
    assert {row.transform for row in clips.rows} == {config.transform}
    assert clips.frames(1).shape == (3, 32, 48, 3) and clips.record(2)["spec"]["height"] == 48
    assert world.SceneSpec.from_dict(clips.record(3)["spec"]) == config.scene(3)
    (tmp_path / "train-000000000.tar").unlink()
    render_shards(tmp_path, clips=5, shard_size=3, config=config, workers=2)
    assert files(tmp_path) == drawn  # a lost shard comes back, whoever draws it
    with pytest.raises(UsageError, match="another folder"):
        render_shards(tmp_path, clips=6, config=RenderConfig.of_sizes(sizes[:2], profile="first_light", frames=3))


def test_the_other_sizes_are_mentioned_only_where_there_are_any() -> None:
    """So that folders from before sizes could be mixed go on."""
    assert "others" not in TINY.transform
    several = RenderConfig.of_sizes(parse_sizes("buckets"))
    assert several.sizes == BUCKETS and '"others":["160x96","96x160","160x128","224x96"]' in several.transform
    with pytest.raises(UsageError, match="not WIDTHxHEIGHT"):
        RenderConfig(others=("wide",))


def test_a_rate_is_mentioned_only_where_it_is_another(drawable: None) -> None:
    """So that folders from before rates could be chosen go on."""
    smooth = RenderConfig(profile="first_light", width=32, height=32, frames=5, fps=24)
    assert "fps" not in TINY.transform and '"fps":24' in smooth.transform
    assert RenderConfig.from_dict(smooth.to_dict()) == smooth
    assert (TINY.scene(3).fps, smooth.scene(3).fps, smooth.scene(3).frames) == (12, 24, 5)
