"""The review of what was asked, before any model time is spent."""

from himmel.plan import Request
from himmel.safety.policy import Policy, default_policy
from himmel.safety.verdict import Verdict

__all__ = ["review_prompt"]


def review_prompt(request: Request, policy: Policy | None = None) -> Verdict:
    """Ask the policy about the prompt and the style; the negative prompt says what should not be seen.

    >>> review_prompt(Request(prompt="a red ball rolls left")).safe
    True
    """
    asked = f"{request.prompt}\n{request.style or ''}"
    rule = (policy or default_policy()).refusal(asked)
    if rule is None:
        return Verdict(subject="prompt", allowed=True, status="ran", reason="no rule of the policy applies")
    return Verdict(subject="prompt", allowed=False, status="ran", rule=rule.id, reason=rule.reason)
