"""Probes that ask the recogniser: what a thing is, what it is made of, what it does, in which style and light."""

from collections.abc import Sequence

from himmel.errors import UsageError
from himmel.evaluate.exhibit import Exhibit
from himmel.evaluate.recogniser import Told

__all__ = ["binding", "features", "light", "material", "motion", "shape", "style"]

DIGITS = 4  # of a feature that is kept


def shape(exhibit: Exhibit) -> Sequence[float]:
    """For each subject, whether the largest thing of its colour is of its kind."""
    return [float(told is not None and told.words["kind"] == kind) for told, kind in _subjects(exhibit, "kind")]


def material(exhibit: Exhibit) -> Sequence[float]:
    """For each subject, whether the largest thing of its colour is made of what was asked."""
    found = _subjects(exhibit, "material")
    return [float(told is not None and told.words["material"] == wanted) for told, wanted in found]


def binding(exhibit: Exhibit) -> Sequence[float]:
    """Whether every subject is there in its own colour, kind and material."""
    return [min([*shape(exhibit), *material(exhibit)])]


def motion(exhibit: Exhibit) -> Sequence[float]:
    """Whether the first subject does what it should."""
    told = exhibit.told(exhibit.spec.subjects[0].colour)
    return [float(told is not None and told.words["verb"] == exhibit.spec.subjects[0].motion.verb)]


def style(exhibit: Exhibit) -> Sequence[float]:
    """Whether the clip is in the style that was asked for."""
    return [float(_scene(exhibit).words["style"] == exhibit.spec.style)]


def light(exhibit: Exhibit) -> Sequence[float]:
    """Whether the clip is in the light that was asked for."""
    return [float(_scene(exhibit).words["light"] == exhibit.spec.light)]


def features(exhibit: Exhibit) -> Sequence[float]:
    """What the recogniser makes of the scene: one mark for each feature."""
    return [round(float(value), DIGITS) for value in _scene(exhibit).features]


def _subjects(exhibit: Exhibit, what: str) -> list[tuple[Told | None, str]]:
    """What is told of each subject beside what was asked, `what` being a field of its spec."""
    return [(exhibit.told(subject.colour), getattr(subject, what)) for subject in exhibit.spec.subjects]


def _scene(exhibit: Exhibit) -> Told:
    """What is told of the scene, with no thing pointed at: a style may have no colours to find one by."""
    told = exhibit.told(None)
    if told is None:
        raise UsageError("this probe asks the recogniser, and there is none; train one first")
    return told
