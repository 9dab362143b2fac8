"""What all tests share: a small model on disk, a home of its own, quiet threads."""

import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read by OpenMP when torch is first imported
os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])

import pytest


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of random weights: real classes, a few thousand parameters, 64x64 in windows of 9 frames."""
    import torch

    from himmel.codec import Codec, CodecConfig
    from himmel.text import TextConfig, TextEncoder
    from himmel.transformer import VideoTransformer, tiny, tiny_planner
    from himmel.weights import Card, Part, SamplerDefaults, save_weights

    lexicon = ("a", "red", "blue", "ball", "cube", "rolls", "left", "right", "past", "the", "camera", ",", ".")
    torch.manual_seed(1)
    codec = Codec(CodecConfig(channels=(8, 8, 8), latent_channels=4, encoder_blocks=(0, 1, 1)))
    text = TextEncoder(TextConfig(lexicon=lexicon, length=8, width=16, layers=1, heads=2))
    transformer = VideoTransformer(tiny(channels=4, text_dim=16, text_len=8, actors=2, precision="lean"))
    planner = VideoTransformer(tiny_planner(actors=2, text_dim=16, text_len=8))
    torch.nn.init.normal_(transformer.head.head.weight)
    torch.nn.init.normal_(planner.head.head.weight)
    torch.nn.init.normal_(transformer.blocking_stem.actor_out.weight)
    torch.nn.init.normal_(transformer.conv_stem.tell.weight)
    torch.nn.init.normal_(codec.preview_rgb, std=0.3)
    card = Card(
        name="tiny",
        ledger="1" * 64,
        sizes=("64x64",),
        frames=9,
        fps=12,
        knows={"all": lexicon},
        styles={"cartoon": "cartoon style"},
        sampler=SamplerDefaults(steps=3),
    )
    parts = {
        "codec": Part(config=codec.config.to_dict(), tensors=codec.state_dict()),
        "text": Part(config=text.config.to_dict(), tensors=text.state_dict()),
        "transformer": Part(config=transformer.config.to_dict(), tensors=transformer.state_dict()),
        "planner": Part(config=planner.config.to_dict(), tensors=planner.state_dict()),
    }
    folder = tmp_path_factory.mktemp("weights") / "tiny"
    save_weights(folder, parts, card)
    return folder


@pytest.fixture(scope="session")
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this session's signing key lies: never the user's own."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(autouse=True)
def documented_names(request: pytest.FixtureRequest, doctest_namespace: dict[str, object]) -> None:
    """Examples of the model may use `himmel`, `weights` (a folder) and `folder` (to write to)."""
    if not isinstance(request.node, pytest.DoctestItem):
        return
    if request.node.name != "himmel" and not request.node.name.startswith("himmel.generate"):
        return
    import himmel
    from himmel.generate import pipeline

    request.getfixturevalue("monkeypatch").setattr(pipeline, "KEYS_FOLDER", request.getfixturevalue("keys_folder"))
    doctest_namespace["himmel"] = himmel
    doctest_namespace["folder"] = request.getfixturevalue("tmp_path")
    doctest_namespace["weights"] = request.getfixturevalue("tiny_weights")
