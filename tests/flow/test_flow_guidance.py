import pytest
import torch

from himmel.errors import UsageError
from himmel.flow import Branches, Guidance

TEXT, NULL = torch.randn((2, 1, 4, 2, 3, 3), generator=torch.Generator().manual_seed(0))


def test_scale_moves_along_the_difference() -> None:
    pair = Branches(text=TEXT, null=NULL)
    torch.testing.assert_close(Guidance(scale=1.0).combine(pair), TEXT)
    torch.testing.assert_close(Guidance(scale=0.0).combine(pair), NULL)
    assert torch.equal(Guidance(scale=5.0).combine(pair), NULL + 5.0 * (TEXT - NULL))
    assert torch.equal(Guidance(scale=5.0).combine(Branches(text=TEXT)), TEXT)


def test_full_rescale_restores_the_deviation() -> None:
    guided = Guidance(scale=6.0, rescale=1.0).combine(Branches(text=TEXT, null=NULL))
    assert float(guided.std()) == pytest.approx(float(TEXT.std()), rel=1e-5)


def test_no_scale_needs_no_second_branch() -> None:
    assert not Guidance(scale=1.0).acts_at(0.5)
    assert Guidance(scale=2.0, low=0.2).acts_at(0.2) and not Guidance(scale=2.0, low=0.2).acts_at(0.1)


def test_config_round_trip_and_refusals() -> None:
    guide = Guidance(scale=3.0, low=0.15, high=0.95, rescale=0.7)
    assert Guidance.from_dict(guide.to_dict()) == guide
    with pytest.raises(UsageError, match="unknown keys"):
        Guidance.from_dict({"strength": 3})
    for wrong in ({"scale": -1.0}, {"low": 0.9, "high": 0.1}, {"rescale": 2.0}):
        with pytest.raises(UsageError, match="must"):
            Guidance(**wrong)
