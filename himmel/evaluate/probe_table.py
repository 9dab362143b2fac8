"""Every probe by the name that rows call it."""

from himmel.evaluate import causes, events, followed, occluded, probes, told, whole
from himmel.evaluate.probes import Probe

__all__ = ["PROBES"]

PROBES: dict[str, Probe] = {
    "count": probes.count,
    "colour": probes.colour,
    "relation": probes.relation,
    "direction": probes.direction,
    "camera": probes.camera,
    "first_frame": probes.first_frame,
    "kept": probes.kept,
    "seam": probes.seam,
    "cause_first": causes.cause_first,
    "lasting": causes.lasting,
    "hidden_again": occluded.hidden_again,
    "course_of_events": events.course_of_events,
    "camera_path": followed.camera_path,
    "gravity": followed.gravity,
    "pace": followed.pace,
    "same_colour": followed.same_colour,
    "same_size": followed.same_size,
    "box_edge": whole.box_edge,
    "counterfactual": whole.counterfactual,
    "flicker": whole.flicker,
    "held_out": whole.held_out_too,
    "nearest_training": whole.nearest_training,
    "outside": whole.outside,
    "seam_velocity": whole.seam_velocity,
    "seams": whole.seams,
    "seconds": whole.seconds,
    "steady": whole.steady,
    "variety": whole.variety,
    "binding": told.binding,
    "features": told.features,
    "light": told.light,
    "material": told.material,
    "motion": told.motion,
    "shape": told.shape,
    "style": told.style,
}
