"""The one error tree. Every error a user can cause or meet is one of these, with one clear sentence.

HimmelError                    exit code 1
├── UsageError                 exit code 2: the request itself is wrong (value, rule, remedy)
│   └── Declined               the request was refused by policy; carries the rule
├── MissingExtra               an optional part is not installed; names the install line
├── WeightsError               weights are missing, altered or of the wrong kind
├── MediaError                 a media file could not be read or written
├── SealError                  a file could not be sealed or its seal could not be read back
├── LedgerError                training data without source, licence or an unbroken chain
├── WorldError                 the procedural world cannot be drawn here
├── TrainingError              a run cannot start or go on
└── Cancelled                  exit code 130: stopped on request, nothing half-written
"""

__all__ = [
    "Cancelled",
    "Declined",
    "HimmelError",
    "LedgerError",
    "MediaError",
    "MissingExtra",
    "SealError",
    "TrainingError",
    "UsageError",
    "WeightsError",
    "WorldError",
]


class HimmelError(Exception):
    """Base of every error Himmel raises on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class UsageError(HimmelError):
    """The request is wrong: the message gives the value, the rule and the remedy."""

    exit_code = 2


class Declined(UsageError):
    """The request was refused by policy; `rule` names the rule that refused it."""

    def __init__(self, message: str, *, rule: str) -> None:
        super().__init__(message)
        self.rule = rule


class MissingExtra(HimmelError):
    """An optional part of Himmel is not installed.

    `extra` is the name of the pip extra, `purpose` what it is needed for.
    """

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose} needs the extra "{extra}"; install it with: pip install "himmel[{extra}]"')
        self.extra = extra


class WeightsError(HimmelError):
    """Weights are missing, altered, truncated or not what they claim to be."""


class MediaError(HimmelError):
    """A video or image file could not be read or written."""


class SealError(HimmelError):
    """A file could not be sealed, or its seal did not verify when read back."""


class LedgerError(HimmelError):
    """Training data lacks a source or licence, or the ledger's chain is broken."""


class WorldError(HimmelError):
    """The procedural world cannot be drawn on this machine."""


class TrainingError(HimmelError):
    """A training run cannot start or continue."""


class Cancelled(HimmelError):
    """Stopped on request; nothing half-written is left behind."""

    exit_code = 130
