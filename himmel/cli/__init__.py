"""The command line: verbs that build a request and show a result. Nothing heavy is imported before it is used."""

from himmel.cli.verbs import app, main

__all__ = ["app", "main"]
