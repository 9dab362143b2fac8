"""The final shows what the draft showed, for any weights: structural similarity of 0.97 or more."""

import pytest
import torch
from finish_tools import SMALL, clip, picture, scrambled, ssim

from himmel.errors import UsageError, WeightsError
from himmel.finish import FinisherConfig, Target, finish_stream
from himmel.finish.keep import area_means, keep_draft, settled
from himmel.shapes import Size

WIDEST = 0.15


def drafts() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    noise = torch.rand(1, 3, 40, 48, generator=generator) * 2 - 1
    steps = torch.linspace(-1, 1, 48).expand(1, 3, 40, 48).clone()
    dark = -1 + 0.04 * torch.rand(1, 3, 40, 48, generator=generator)
    flat = torch.full((1, 3, 40, 48), 0.37)
    return [
        noise,
        steps,
        dark,
        flat,
        -torch.ones(1, 3, 40, 48),
        picture(40, 48),
        picture(40, 48, seed=3, coarse=9),
    ]


@pytest.mark.parametrize("number", range(7))
@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
def test_any_picture_at_all_is_bound_to_the_draft(number: int, strength: float) -> None:
    draft = drafts()[number]
    generator = torch.Generator().manual_seed(number)
    wild = strength * torch.randn(1, 3, 160, 192, generator=generator)
    made = keep_draft(wild, draft, WIDEST)
    assert float(made.abs().max()) <= 1 + 1e-5
    assert ssim(area_means(made, 40, 48), draft) >= 0.97


def test_the_worst_that_can_happen_to_contrast_is_borne() -> None:
    for draft in drafts():
        blurred = torch.nn.functional.avg_pool2d(draft, 5, stride=1, padding=2, count_include_pad=False)
        for contrast in (-9.0, 0.0, 9.0):
            wild = (blurred + contrast * (draft - blurred)).repeat_interleave(4, 2).repeat_interleave(4, 3)
            assert ssim(area_means(keep_draft(wild, draft, WIDEST), 40, 48), draft) >= 0.97


def test_means_of_parts_of_pixels() -> None:
    large = torch.randn(1, 2, 7, 10)
    fine = large.repeat_interleave(3, 2).repeat_interleave(4, 3)  # 21 x 40: whole pixels of both sizes
    wanted = torch.nn.functional.avg_pool2d(fine, (7, 10))
    torch.testing.assert_close(area_means(large, 3, 4), wanted)


@pytest.mark.parametrize("number", range(7))
def test_any_size_can_be_settled(number: int) -> None:
    draft = drafts()[number]
    wild = keep_draft(torch.randn(1, 3, 160, 192), draft, WIDEST)
    resized = torch.nn.functional.interpolate(wild, (99, 131), mode="bicubic", antialias=True)
    made = settled(resized, draft, WIDEST)
    assert float(made.abs().max()) <= 1
    assert ssim(area_means(made, 40, 48), draft) >= 0.97


def test_without_slack_the_means_are_the_draft() -> None:
    draft = picture(20, 24)
    made = keep_draft(torch.randn(1, 3, 40, 48), draft, 0.0)
    torch.testing.assert_close(area_means(made, 20, 24), draft, atol=1e-5, rtol=0)
    assert float((made - draft.repeat_interleave(2, 2).repeat_interleave(2, 3)).abs().max()) > 0.5


def test_a_picture_that_keeps_to_the_draft_is_left_alone() -> None:
    large = picture(80, 96, coarse=16)
    torch.testing.assert_close(keep_draft(large, area_means(large, 20, 24), 0.0), large, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", ["128x96", "512x384", "300x200", "480x270"])
@pytest.mark.parametrize("seed", [0, 1])
def test_untrained_finals_show_their_drafts(size: str, seed: int) -> None:
    """Through the whole stream: cut, frames between, one pass or two, the exact size, bytes."""
    frames, target = clip(2, 24, 32, seed=seed), Size.parse(size)
    made = list(finish_stream(scrambled(seed=seed), [frames], Target(size=target, smooth=2)))
    assert [frame.shape for frame in made] == [(1, target.height, target.width, 3)] * 3
    for draft, final in zip(frames, made[::2], strict=True):
        kept = Size(width=32, height=24).cut_to(target)
        top, left = (24 - kept.height) // 2, (32 - kept.width) // 2
        wanted = draft[top : top + kept.height, left : left + kept.width]
        small, large = (torch.from_numpy(x).float().permute(2, 0, 1)[None] / 127.5 - 1 for x in (wanted, final[0]))
        assert ssim(area_means(large, kept.height, kept.width), small) >= 0.97


def test_the_config_says_what_it_refuses() -> None:
    assert FinisherConfig.from_dict(SMALL.to_dict()) == SMALL
    with pytest.raises(WeightsError, match="unknown keys \\['colour'\\]"):
        FinisherConfig.from_dict({"colour": 1})
    for wrong, words in (({"scale": 3}, "2 or 4"), ({"blocks": 0}, "blocks must be"), ({"slack": 0.5}, "0.15")):
        with pytest.raises(UsageError, match=words):
            FinisherConfig(**wrong)  # type: ignore[arg-type]
