"""Which transformer: one frozen config, and a function for every layout that is known to exist.

Figures of the Wan family: `wan/configs/*.py` of Wan-Video/Wan2.1 and Wan-Video/Wan2.2.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from himmel.blocking import channels
from himmel.errors import UsageError

__all__ = [
    "CONV_BLOCKS",
    "TransformerConfig",
    "himmel_planner",
    "himmel_small",
    "tiny",
    "tiny_planner",
    "wan21_flf2v_14b",
    "wan21_i2v_14b",
    "wan21_t2v_14b",
    "wan21_t2v_1_3b",
    "wan22_i2v_a14b",
    "wan22_t2v_a14b",
    "wan22_ti2v_5b",
]

CONV_BLOCKS = (3, 4)  # before the transformer's blocks and after them: information gets seven frames far

CHOICES = {
    "activation": ("gelu", "silu"),
    "prediction": ("velocity", "clean"),
    "precision": ("faithful", "lean"),
}


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """Everything that decides the parameters of a `VideoTransformer` and what its output means.

    dim, ffn_dim, heads, layers: width, hidden width of the feed-forward, attention heads, blocks.
    in_channels, out_channels: latent channels in (with concatenated conditions) and out.
    patch: latents per token along (time, height, width).
    text_dim, text_len: width and number of text slots; all slots are attended, padding included.
    image: width of image embeddings for a second cross-attention, and how many learned positions are added to
        them; 0 for none.
    place_waves: waves along time, height and width that tell a patch where in the clip it lies, 0 for none.
        Rotary positions say only how far apart two patches are: docs/LOG.md says what a small model makes of it.
    conv: width of the convolutions over latents before and after the blocks, 0 for none: outlines are finer than a
        patch, things move by less from frame to frame, and attention mixes whole patches. And for how many
        subjects, whom the first text slots are about, a blocking may tell the convolutions where they are.
    pooled_text: add a pooled text vector of width text_dim to the time embedding.
    activation: of the feed-forward, "gelu" (its tanh form, Wan's) or "silu" (a third of the cost on a CPU).
    prediction: "velocity" (noise - data) or "clean" (the data itself).
    precision: "faithful" computes norms, modulation and residuals in float32 as Wan does; "lean" computes
        them in the dtype of the activations, the same function with other rounding, and on a CPU by `lean`.
    """

    dim: int
    ffn_dim: int
    heads: int
    layers: int
    in_channels: int
    out_channels: int
    patch: tuple[int, int, int] = (1, 2, 2)
    text_dim: int = 4096
    text_len: int = 512
    image: tuple[int, int] = (0, 0)
    place_waves: int = 0
    conv: tuple[int, int] = (0, 0)
    pooled_text: bool = False
    activation: str = "gelu"
    prediction: str = "velocity"
    precision: str = "faithful"

    def __post_init__(self) -> None:
        if self.dim % self.heads or (self.dim // self.heads) % 2 or self.dim // self.heads < 6:
            raise UsageError(
                f"dim {self.dim} over {self.heads} heads must give an even head width of 6 or more; "
                f"nearest: dim {self.heads * max(6, 2 * round(self.dim / self.heads / 2))}"
            )
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise UsageError(f'{name} "{getattr(self, name)}" is unknown; choose {" or ".join(choices)}')
        if len(self.patch) != 3 or min(self.patch) < 1:
            raise UsageError(f"patch {self.patch} must be three positive sizes (time, height, width)")
        if min(self.conv) < 0 or self.actors > self.text_len or (self.actors and not self.conv_width):
            raise UsageError(
                f"convolutions of width {self.conv_width} with {self.actors} actors: both are 0 or more, and "
                f"actors need convolutions and as many of the {self.text_len} text slots"
            )
        object.__setattr__(self, "patch", tuple(self.patch))
        object.__setattr__(self, "conv", tuple(self.conv))
        object.__setattr__(self, "image", tuple(self.image))

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.dim // self.heads

    @property
    def image_dim(self) -> int:
        """Width of image embeddings, 0 for none."""
        return self.image[0]

    @property
    def image_positions(self) -> int:
        """Learned positions of image embeddings, 0 for none."""
        return self.image[1]

    @property
    def conv_width(self) -> int:
        """Width of the convolutions, 0 for none."""
        return self.conv[0]

    @property
    def actors(self) -> int:
        """Subjects of a blocking, 0 for none."""
        return self.conv[1]

    @property
    def patch_volume(self) -> int:
        """Latents per token."""
        return self.patch[0] * self.patch[1] * self.patch[2]

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON-ready values."""
        return {**asdict(self), "patch": list(self.patch), "image": list(self.image), "conv": list(self.conv)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TransformerConfig":
        """Read what `to_dict` wrote; raises UsageError on unknown or missing keys.

        An unknown key of value 0 says that the model has none of what another version knows; it is left out.
        """
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in values.items() if key in known or value != 0}
        if unknown := sorted(set(values) - known):
            raise UsageError(f"transformer config has unknown keys {unknown}; known keys are {sorted(known)}")
        required = {"dim", "ffn_dim", "heads", "layers", "in_channels", "out_channels"}
        if missing := sorted(required - set(values)):
            raise UsageError(f"transformer config lacks {missing}; add them")
        return cls(**values)


def wan21_t2v_1_3b() -> TransformerConfig:
    """Wan2.1-T2V-1.3B: 1.419 B parameters."""
    return TransformerConfig(dim=1536, ffn_dim=8960, heads=12, layers=30, in_channels=16, out_channels=16)


def wan21_t2v_14b() -> TransformerConfig:
    """Wan2.1-T2V-14B: 14.289 B parameters."""
    return _wan_14b(in_channels=16)


def wan21_i2v_14b() -> TransformerConfig:
    """Wan2.1-I2V-14B (480p and 720p): 4 mask and 16 image channels, CLIP image embeddings."""
    return _wan_14b(in_channels=36, image=(1280, 0))


def wan21_flf2v_14b() -> TransformerConfig:
    """Wan2.1-FLF2V-14B: first and last frame, two CLIP images with learned positions."""
    return _wan_14b(in_channels=36, image=(1280, 514))


def wan22_t2v_a14b() -> TransformerConfig:
    """One expert of Wan2.2-T2V-A14B."""
    return _wan_14b(in_channels=16)


def wan22_i2v_a14b() -> TransformerConfig:
    """One expert of Wan2.2-I2V-A14B: 4 mask and 16 image channels, no image embeddings."""
    return _wan_14b(in_channels=36)


def wan22_ti2v_5b() -> TransformerConfig:
    """Wan2.2-TI2V-5B: timesteps per token; 5.000 B parameters."""
    return TransformerConfig(dim=3072, ffn_dim=14336, heads=24, layers=30, in_channels=48, out_channels=48)


def himmel_small(
    *,
    dim: int = 384,
    heads: int = 6,
    layers: int = 10,
    place_waves: int = 3,
    conv_width: int = 192,
    actors: int = 3,
    precision: str = "lean",
) -> TransformerConfig:
    """The bundled model's layout: predicts clean latents, text of 48 slots of width 256."""
    return TransformerConfig(
        dim=dim,
        ffn_dim=4 * dim,
        heads=heads,
        layers=layers,
        in_channels=48,
        out_channels=48,
        text_dim=256,
        text_len=48,
        place_waves=place_waves,
        conv=(conv_width, actors),
        pooled_text=True,
        activation="silu",
        prediction="clean",
        precision=precision,
    )


def himmel_planner(*, actors: int, dim: int = 192, heads: int = 4, layers: int = 6) -> TransformerConfig:
    """The layout that plans blockings of so many actors for `himmel_small`: a latent frame is one token."""
    numbers = channels(actors)
    return TransformerConfig(
        dim=dim,
        ffn_dim=4 * dim,
        heads=heads,
        layers=layers,
        in_channels=numbers,
        out_channels=numbers,
        patch=(1, 1, 1),
        text_dim=256,
        text_len=48,
        place_waves=3,
        pooled_text=True,
        activation="silu",
        prediction="clean",
        precision="lean",
    )


def tiny(
    *, channels: int = 4, text_dim: int = 16, text_len: int = 8, actors: int = 0, precision: str = "faithful"
) -> TransformerConfig:
    """A layout of a few thousand parameters for tests."""
    return TransformerConfig(
        dim=24,
        ffn_dim=48,
        heads=2,
        layers=2,
        in_channels=channels,
        out_channels=channels,
        text_dim=text_dim,
        text_len=text_len,
        pooled_text=True,
        place_waves=2,
        conv=(6, actors),
        activation="silu",
        prediction="clean",
        precision=precision,
    )


def tiny_planner(*, actors: int = 2, text_dim: int = 16, text_len: int = 8) -> TransformerConfig:
    """The planner's layout at the size of `tiny`."""
    planner = himmel_planner(actors=actors, dim=24, heads=2, layers=2)
    return replace(planner, text_dim=text_dim, text_len=text_len)


def _wan_14b(*, in_channels: int, image: tuple[int, int] = (0, 0)) -> TransformerConfig:
    return TransformerConfig(
        dim=5120,
        ffn_dim=13824,
        heads=40,
        layers=40,
        in_channels=in_channels,
        out_channels=16,
        image=image,
    )
