"""How a plan names the conditions it respects, and how it is known that those given are the same."""

from collections.abc import Sequence

from himmel.conditions import Condition
from himmel.errors import UsageError
from himmel.plan import ConditionRef, Plan

__all__ = ["check_conditions", "conditioned", "references"]


def conditioned(decided: Plan, conditions: Sequence[Condition]) -> Plan:
    """The plan of a video that respects conditions: it names them, where they begin and what is played."""
    if conditions and len(decided.shots) > 1:
        raise UsageError("conditions go with a plan of one shot; make the shots one by one")
    start = min((condition.start for condition in conditions), default=1.0)
    shots = []
    for shot in decided.shots:
        shown = shot.frames
        for condition in conditions:
            shown = condition.shown(shown)
        sampling = shot.sampling.model_copy(update={"start": start})
        played = None if shown == shot.frames else shown
        shots.append(shot.model_copy(update={"sampling": sampling, "shown": played}))
    return decided.model_copy(update={"shots": tuple(shots), "conditions": references(conditions)})


def check_conditions(decided: Plan, conditions: Sequence[Condition]) -> None:
    """Raise UsageError unless these are the conditions of the plan."""
    if decided.conditions != references(conditions) or conditioned(decided, conditions) != decided:
        kinds = ", ".join(ref.kind for ref in decided.conditions) or "none"
        raise UsageError(f"the plan was made with other conditions ({kinds}); give exactly the same ones")


def references(conditions: Sequence[Condition]) -> tuple[ConditionRef, ...]:
    """Conditions as a plan names them, in an order of their own."""
    found = [ConditionRef(kind=condition.kind, digest=condition.digest) for condition in conditions]
    return tuple(sorted(found, key=lambda ref: (ref.kind, ref.digest)))
