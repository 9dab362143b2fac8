"""What is refused and what was looked at: a policy that can be read, and verdicts that say what ran."""

from himmel.safety.frames import FrameReview
from himmel.safety.policy import Policy, Rule, default_policy
from himmel.safety.prompt import review_prompt
from himmel.safety.verdict import Verdict

__all__ = ["FrameReview", "Policy", "Rule", "Verdict", "default_policy", "review_prompt"]
