"""The last stage of training: a finisher for weights that are there, from large clips with twice their frames."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from himmel.cli.course import Course, Made, commit, fitted, open_codec, other_roots, saved
from himmel.cli.lessons import Lessons
from himmel.errors import UsageError, WeightsError

if TYPE_CHECKING:
    from himmel.codec import Codec
    from himmel.data import RenderConfig
    from himmel.shapes import Size
    from himmel.train import FinisherRecipe
    from himmel.weights import Weights

__all__ = ["Finishing"]

CRF = 4  # closer to the drawn pixels than other clips: here they are what is learned


class Finishing:
    """Training a finisher for `weights`, whose codec's softness it learns to undo."""

    def __init__(self, course: Course, weights: Path) -> None:
        from himmel.weights import load_weights

        self.course = course
        self.weights: Weights = load_weights(weights)
        if "codec" not in self.weights.parts:
            raise WeightsError(f"{weights} holds no codec; train one with: himmel train codec")
        self.codec: Codec = open_codec(self.weights.parts["codec"])

    def check(self, size: "Size") -> None:
        """Raise UsageError where the recipe cannot run here or cannot learn from clips of this size."""
        from himmel.shapes import Size

        self.course.check(())
        recipe = self._plain_recipe("")
        scale, crop = recipe.model.scale, recipe.data.crop
        if min(size.width, size.height) < scale * crop:
            least = f"{scale * crop}x{scale * crop}"
            raise UsageError(
                f'{size} is smaller than the {least} pixels that recipe "{self.course.recipe}" learns from; draw '
                "larger clips"
            )
        step = scale * self.codec.compression.space
        if size.width % step or size.height % step:
            near = Size(width=round(size.width / step) * step, height=round(size.height / step) * step)
            raise UsageError(f"{size} is not divisible by {step}; nearest: {near}")

    def drawing(self, profile: str, size: "Size") -> "RenderConfig":
        """What is drawn: scenes as long as the weights' clips, with twice the frames."""
        from himmel.data import RenderConfig

        card = self.weights.card
        frames, fps = 2 * card.frames - 1, 2 * card.fps
        return RenderConfig(profile=profile, width=size.width, height=size.height, frames=frames, fps=fps, crf=CRF)

    def learn(self, lessons: Lessons, out: Path) -> Made:
        """Cut the clips into OUT/pairs, train a finisher in OUT, save the weights with it in OUT/weights."""
        from himmel import train

        course, pairs = self.course, out / "pairs"
        cutting = train.Cutting(scale=self._plain_recipe("").model.scale)
        recipe = self._recipe(pairs, lessons, cutting.stretches)
        course.show.begin("cutting the clips")
        train.fill_pairs(
            lessons,
            self.codec.to(recipe.run.device),
            pairs,
            cutting,
            source=lessons.source,
            on_progress=course.show.counter("clips cut"),
            should_stop=course.stop,
        )
        course.show.begin("training the finisher")
        trained = train.train_finisher(recipe, out, course.show.training, course.stop)
        card = self.weights.card
        roots = (lessons.training.root, *other_roots(lessons, trained.sources))
        told = ", ".join(f"{name} {value:.4g}" for name, value in trained.figures.items())
        notes = "; ".join(filter(None, (card.notes, f"finisher, {commit() or 'no commit'}: {told}")))
        others = tuple(dict.fromkeys(root for root in (*card.other_ledgers, *roots) if root != card.ledger))
        parts = {**self.weights.parts, "finisher": replace(trained.part(), storage=course.storage)}
        card = replace(card, other_ledgers=others, notes=notes)
        return saved(out / "weights", parts, card, trained.figures)

    def _plain_recipe(self, pairs: str) -> "FinisherRecipe":
        from himmel import train

        recipe: FinisherRecipe = getattr(train, f"{self.course.recipe}_finisher")(pairs)
        return recipe

    def _recipe(self, pairs: Path, lessons: Lessons, stretches: int) -> "FinisherRecipe":
        from himmel.train import codec_digest

        recipe = fitted(self.course, self._plain_recipe(str(pairs.resolve())), lessons)
        judging = stretches * len(lessons.judging) or recipe.data.held_out
        return replace(recipe, data=replace(recipe.data, held_out=judging, codec=codec_digest(self.codec.cpu())))
