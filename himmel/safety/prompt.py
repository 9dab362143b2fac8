"""The review of what was asked, before any model time is spent."""

from himmel.safety.policy import Policy, default_policy
from himmel.safety.verdict import Verdict

__all__ = ["review_prompt"]


def review_prompt(*texts: str, policy: Policy | None = None) -> Verdict:
    """Ask the policy about texts that say what should be seen (not the negative prompt), taken together.

    >>> review_prompt("a red ball rolls left", "in watercolour").safe
    True
    """
    rule = (policy or default_policy()).refusal("\n".join(texts))
    if rule is None:
        return Verdict(subject="prompt", allowed=True, status="ran", reason="no rule of the policy applies")
    return Verdict(subject="prompt", allowed=False, status="ran", rule=rule.id, reason=rule.reason)
