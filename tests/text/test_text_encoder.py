from dataclasses import replace

import pytest
import torch

from himmel.text import TextConfig, TextEncoder

CONFIG = TextConfig(lexicon=("a", "red", "blue", "ball", "cube"), length=8, width=16, heads=2)


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    torch.manual_seed(0)
    return TextEncoder(CONFIG).train(False)


def test_shapes_and_zeros_at_padding(encoder: TextEncoder) -> None:
    ids = encoder.tokenize(["a red ball", "a blue cube a red ball", ""]).ids
    with torch.no_grad():
        text = encoder(ids)
    assert text.tokens.shape == (3, 8, 16) and text.pooled.shape == (3, 16)
    assert torch.equal(text.tokens.abs().sum(dim=2) > 0, ids != 0)
    torch.testing.assert_close(text.pooled[0], text.tokens[0, :3].mean(dim=0))


def test_no_text_is_zero(encoder: TextEncoder) -> None:
    with torch.no_grad():
        text = encoder(encoder.tokenize([""]).ids)
    assert not text.tokens.any() and not text.pooled.any()


def test_padding_is_not_read(encoder: TextEncoder) -> None:
    ids = encoder.tokenize(["a red ball"]).ids
    short = TextEncoder(TextConfig(lexicon=CONFIG.lexicon, length=3, width=16, heads=2)).train(False)
    state = encoder.state_dict()
    short.load_state_dict({**state, "positions": state["positions"][:3]})
    with torch.no_grad():
        torch.testing.assert_close(short(ids[:, :3]).tokens, encoder(ids).tokens[:, :3])


def test_order_matters(encoder: TextEncoder) -> None:
    ids = encoder.tokenize(["red ball blue cube", "blue ball red cube"]).ids
    with torch.no_grad():
        tokens = encoder(ids).tokens
    assert not torch.allclose(tokens[0, 1], tokens[1, 1], atol=1e-4)


@torch.no_grad()
def test_queries_read_the_whole_prompt_in_the_place_of_its_words() -> None:
    torch.manual_seed(0)
    reader = TextEncoder(replace(CONFIG, queries=3)).train(False)
    ids = reader.tokenize(["a red ball", "a red cube", ""]).ids
    text = reader(ids)
    assert reader.config.slots == 3 and text.tokens.shape == (3, 3, 16)
    assert not torch.allclose(text.tokens[0, :], text.tokens[1, :], atol=1e-4)
    assert not text.tokens[2].any() and not text.pooled[2].any()
    torch.testing.assert_close(text.pooled[0], text.tokens[0].mean(dim=0))
    torch.testing.assert_close(reader(ids[:1]).tokens[0], text.tokens[0])  # others in the batch are not read


@pytest.mark.parametrize("queries", [0, 3])
def test_every_parameter_learns_and_no_text_stays_finite(queries: int) -> None:
    learner = TextEncoder(replace(CONFIG, queries=queries))
    text = learner(learner.tokenize(["a red ball", ""]).ids)
    (text.tokens.square().sum() + text.pooled[:, 0].sum()).backward()
    for name, parameter in learner.named_parameters():
        assert parameter.grad is not None and bool(torch.isfinite(parameter.grad).all()), name
