"""Write the pages of docs/ that are made from the code: `python docs/make.py` (add --check to only compare).

reference.md comes from the sources, which are parsed and not imported; cli.md from the command line itself;
words.md from the grammar of the world.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["cli_page", "main", "pages", "reference_page", "words_page"]

DOCS = Path(__file__).resolve().parent
PACKAGE = DOCS.parent / "himmel"
MADE = "Made from the code by `python docs/make.py`.\n"


def reference_page() -> str:
    """Every public name of every module, with its signature and the first sentence of its docstring."""
    parts = ["# Reference\n", MADE]
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = _public(tree)
        if not names:
            continue
        parts.append(f"## {name}\n")
        parts.append(_first(ast.get_docstring(tree)) + "\n")
        parts.append("\n".join(_entries(tree, names)) + "\n")
    return "\n".join(parts)


def _public(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                return sorted(ast.literal_eval(node.value), key=str.lower)
    return []


def _entries(tree: ast.Module, names: list[str]) -> Iterator[str]:
    defined = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    origins = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for name in names:
        if name in defined:
            yield from _entry(defined[name])
        elif name in origins:
            yield f"- `{name}`: see `{origins[name]}`."
        else:
            yield f"- `{name}`"


def _entry(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[str]:
    if not isinstance(node, ast.ClassDef):
        yield f"- `{node.name}{_signature(node)}`: {_first(ast.get_docstring(node))}"
        return
    fields = [ast.unparse(child) for child in node.body if isinstance(child, ast.AnnAssign)]
    shown = f"({', '.join(fields)})" if fields else ""
    yield f"- class `{node.name}{shown}`: {_first(ast.get_docstring(node))}"
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            if child.name == "__init__" or (not child.name.startswith("_") and ast.get_docstring(child)):
                text = _first(ast.get_docstring(child))
                yield f"  - `{child.name}{_signature(child)}`" + (f": {text}" if text else "")


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    arguments = ast.unparse(node.args)
    arguments = re.sub(r"^(self|cls)(, )?", "", arguments)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None and node.name != "__init__" else ""
    return f"({arguments}){returns}"


def _first(docstring: str | None) -> str:
    """The first paragraph on one line."""
    return " ".join((docstring or "").split("\n\n")[0].split())


def cli_page() -> str:
    """Every command with its arguments, flags, defaults and choices."""
    from himmel.cli import app

    parts = ["# Command line\n", MADE, _help(app) + "\n"]
    for names, command in _commands(app, ("himmel",)):
        parts.append(f"## {' '.join(names)}\n")
        parts.append(_help(command) + "\n")
        if command.default_command is not None:
            parts.append("\n".join(_flags(command)) + "\n")
    return "\n".join(parts)


def _commands(app: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in sorted(name for name in app if not name.startswith("-")):
        command = app[name]
        if command.show:
            yield (*names, name), command
            yield from _commands(command, (*names, name))


def _help(command: Any) -> str:
    """A command's own words, up to the list of its parameters."""
    text = command.help or (command.default_command.__doc__ if command.default_command else "") or ""
    words = re.split(r"\n\s*(?:Parameters\n|Args:\n|:param)", text)[0]
    return "\n".join(line.strip() for line in words.strip().splitlines())


def _flags(command: Any) -> Iterator[str]:
    arguments = [
        argument for argument in command.assemble_argument_collection(parse_docstring=True) if argument.show
    ]
    if not arguments:
        yield "It takes no arguments."
        return
    yield "| argument | meaning | default |"
    yield "|---|---|---|"
    for argument in arguments:
        names = ", ".join(f"`{name}`" for name in argument.names)
        default = _default(argument.field_info)
        choices = ", ".join(f"`{choice}`" for choice in argument.get_choices() or ())
        meaning = (argument.parameter.help or "").strip().replace("\n", " ").replace("|", "\\|")
        yield f"| {names} | {meaning}{f' One of {choices}.' if choices else ''} | {default} |"


def _default(field: Any) -> str:
    if field.default is field.empty:
        return "required"
    if isinstance(field.default, bool):
        return "on" if field.default else "off"
    return "" if field.default is None else f"`{field.default}`"


def words_page() -> str:
    """Everything the world can contain: subjects with what they can do, and the other factors as lists."""
    from himmel.world import grammar
    from himmel.world.grammar_profile import FIRST_LIGHT
    from himmel.world.scenarios import SCENARIOS, TOGETHER

    parts = ["# What the world contains\n", MADE]
    parts.append("Names in **bold** belong to the part of the world called `first_light`.\n")
    parts.append("| subject | also called | made of | what it can do |\n|---|---|---|---|")
    for subject in grammar.SUBJECTS.values():
        doing = _listed(subject.verbs, FIRST_LIGHT.verbs)
        name = _listed([subject.id], FIRST_LIGHT.subjects)
        parts.append(f"| {name} | {', '.join(subject.synonyms)} | {', '.join(subject.materials)} | {doing} |")
    parts.append("\n| place | lights | something to go around | colours that would vanish |\n|---|---|---|---|")
    for setting in grammar.SETTINGS.values():
        name, lights = _listed([setting.id], FIRST_LIGHT.settings), _listed(setting.lights, FIRST_LIGHT.lights)
        parts.append(f"| {name} | {lights} | {setting.prop} | {', '.join(setting.vanishing)} |")
    parts.append("\n| factor | values |\n|---|---|")
    for factor in ("colours", "sizes", "speeds", "thens", "relations", "cameras", "styles"):
        values = getattr(grammar, factor.upper())
        parts.append(f"| {factor} | {_listed(values, getattr(FIRST_LIGHT, factor))} |")
    parts.append(f"| directions | {_listed(grammar.DIRECTIONS, grammar.DIRECTIONS)} |")
    parts.append("\n| scenario | who | does | to | how many |\n|---|---|---|---|---|")
    for scenario in SCENARIOS.values():
        if scenario.id != "plain":
            does = _listed([scenario.verb] if scenario.verb else TOGETHER, ())
            row = (", ".join(scenario.actors) or "any", does, scenario.target or "")
            parts.append(f"| {scenario.id} | {' | '.join(row)} | {', '.join(map(str, scenario.counts))} |")
    return "\n".join(parts) + "\n"


def _listed(values: Iterable[str], chosen: Iterable[str]) -> str:
    return ", ".join(f"**{_said(value)}**" if value in chosen else _said(value) for value in values)


def _said(identifier: str) -> str:
    return identifier.replace("_", " ")


def pages() -> dict[Path, str]:
    """Every page that is made, by path."""
    return {
        DOCS / "reference.md": reference_page(),
        DOCS / "cli.md": cli_page(),
        DOCS / "words.md": words_page(),
    }


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check say which are out of date; returns the exit code."""
    made = pages()
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    check = "--check" in arguments
    for path in stale:
        if not check:
            path.write_text(made[path], encoding="utf-8")
        sys.stderr.write(f"{path.name} {'is out of date' if check else 'written'}\n")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
