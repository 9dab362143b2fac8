"""Who completes prompts with --expand llm: named by flags or the environment, which is read here alone."""

import os
from typing import TYPE_CHECKING

from himmel.cli.options import Ask
from himmel.errors import UsageError

if TYPE_CHECKING:
    from himmel.director import ChatWriter

__all__ = ["writer_of"]


def writer_of(ask: Ask) -> "ChatWriter | None":
    """The writer that was asked for, None for rules; raises UsageError where its address or model is missing."""
    if ask.expand != "llm":
        return None
    from himmel.director import ChatWriter

    address = ask.llm_url or os.environ.get("HIMMEL_LLM_URL", "")
    model = ask.llm_model or os.environ.get("HIMMEL_LLM_MODEL", "")
    for value, flag in ((address, "--llm-url"), (model, "--llm-model")):
        if not value:
            name = f"HIMMEL_{flag[2:].replace('-', '_').upper()}"
            raise UsageError(f"--expand llm needs {flag} or {name}; without a language model use --expand rules")
    return ChatWriter(address=address, model=model, key=os.environ.get("HIMMEL_LLM_KEY", ""))
