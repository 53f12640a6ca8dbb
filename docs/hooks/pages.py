"""Pages that are made when the site is built: theorems, the command line, the Python API."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

from dialect import blocks

# Which page of the API tells of which modules (by any part of their names). What is named
# nowhere comes last, so that a new public name is never left out.
API = {
    "networks": (
        "Networks and allocations",
        ("networks", "allocation", "sources", "mask_sources", "files", "interop"),
    ),
    "classify": (
        "Verdicts",
        ("classification", "verdict", "degrees", "explanation", "heuristics", "estimation"),
    ),
    "design": ("Design, repair, capacity", ("designs", "repairs", "capacities")),
    "construct": ("Constructions", ("constructions",)),
    "certificates": ("Certificates", ("certificates", "checker")),
    "measure": ("Measurement", ("measurement", "comparison", "measured_ranks")),
    "verify": ("Proofs and verification", ("proofs", "verification")),
    "sweep": ("Sweeps", ("sweeps",)),
    "errors": ("Errors", ("errors",)),
}
# A line of a wrapped paragraph that happens to begin with this sign.
_NOT_A_QUOTE = re.compile(r"(\S\n)(?=>)")
_LABEL = re.compile(
    r"^\*\*(Statement|Conjecture|Assumptions|Proof|Evidence|What is checked|Source)\.\*\* ",
    re.MULTILINE,
)


def all_pages() -> dict[str, str]:
    """Every generated page by its path below `docs/`."""
    return {**theorem_pages(), **api_pages(), "cli.md": command_line()}


def theorem_pages() -> dict[str, str]:
    """The index of the theorems, and a page for each: its proof and what a machine checks of it.

    >>> sorted(theorem_pages())[:2]
    ['theorems/c1.md', 'theorems/c2.md']
    """
    from theorycheck.statements import STATEMENTS

    pages = {f"theorems/{id.lower()}.md": _theorem(id) for id in STATEMENTS}
    rows = [
        f"| [{id}]({id.lower()}.md) | [{one.name}]({id.lower()}.md) | {one.brief} | "
        f"{'conjecture, tested' if one.is_conjecture else 'proved'} |"
        for id, one in STATEMENTS.items()
    ]
    lines = ["# Theorems", "", _THEOREMS, "", "| id | name | in one line | rigor |"]
    pages["theorems/index.md"] = "\n".join([*lines, "| --- | --- | --- | --- |", *rows, ""])
    return pages


def _theorem(id: str) -> str:
    from theorycheck.proofs.registry import MODULES, steps_of, text_of
    from theorycheck.statements import STATEMENTS

    text = _NOT_A_QUOTE.sub(r"\1\\", text_of(id))
    text = _LABEL.sub(lambda match: f"## {match[1]}\n\n", text).strip()
    if STATEMENTS[id].is_conjecture:
        title, rest = text.split("\n", 1)
        text = f'{title}\n\n!!! warning "A conjecture: tested, never used to decide."\n{rest}'
    source = f"`theorycheck/proofs/{MODULES[id]}.py`"
    lines = [text, "", "## What a machine checks", "", _CHECKED.format(id=id, source=source), ""]
    lines += ["| step | exhaustive size | false variants rejected |", "| --- | --- | --- |"]
    for step in steps_of(id):
        false = "; ".join(step.false)
        lines.append(f"| {_cell(step.title)} | {_cell(step.size)} | {_cell(false)} |")
    return blocks("\n".join(lines))


def api_pages() -> dict[str, str]:
    """The index of the public names, and a page for each group of them.

    >>> "::: theorycheck.answers.classification.classify" in api_pages()["api/classify.md"]
    True
    """
    import theorycheck

    groups = {key: [] for key in (*API, "more")}
    for name in dir(theorycheck):
        home = getattr(theorycheck, name).__module__.removeprefix("theorycheck.")
        own = {*home.split(".")}
        key = next((key for key, (_, parts) in API.items() if own & {*parts}), "more")
        groups[key].append((name, home))
    titles = {key: title for key, (title, _) in API.items()} | {"more": "Further names"}
    pages, index = {}, ["# Python API", "", _API, ""]
    for key, names in groups.items():
        if not names:
            continue
        names.sort(key=lambda pair: (pair[0][0].isupper(), pair[0].lower()))
        directives = [f"::: theorycheck.{home}.{name}\n" for name, home in names]
        pages[f"api/{key}.md"] = "\n".join([f"# {titles[key]}", "", *directives])
        index += [f"## [{titles[key]}]({key}.md)", "", *_names(key, names), ""]
    return {**pages, "api/index.md": "\n".join(index)}


def _names(key: str, names: list[tuple[str, str]]) -> Iterator[str]:
    yield from ("| name | |", "| --- | --- |")
    for name, home in names:
        thing = getattr(importlib.import_module(f"theorycheck.{home}"), name)
        first = _cell(" ".join((thing.__doc__ or "").strip().split("\n\n")[0].split()))
        yield f"| [`{name}`]({key}.md#theorycheck.{home}.{name}) | {first} |"


def command_line() -> str:
    """Every command with its arguments and options, as the parser itself knows them.

    >>> "## theorycheck classify" in command_line()
    True
    """
    from typer.main import get_command

    from theorycheck.cli.app import app

    program: Any = get_command(app)
    lines = ["# Command line", "", program.help, "", _COMMANDS, ""]
    lines += ["| command | |", "| --- | --- |"]
    lines += [
        f"| [`{name}`](#theorycheck-{name}) | {_cell((command.help or '').splitlines()[0])} |"
        for name, command in program.commands.items()
    ]
    for name, command in program.commands.items():
        lines += ["", f"## theorycheck {name}", "", command.help or "", "", *_usage(name, command)]
    return "\n".join(lines) + "\n"


def _usage(name: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
    metavars = [one.metavar or one.name.upper() for one in arguments]
    line = " ".join(["theorycheck", name, *(["[OPTIONS]"] if options else []), *metavars])
    yield from ("```text", line, "```", "", "| | | default |", "| --- | --- | --- |")
    for one, metavar in zip(arguments, metavars, strict=True):
        yield f"| `{metavar}` | {_cell(one.help or '')} | {'required' if one.required else ''} |"
    for one in options:
        names = ", ".join(f"`{text}`" for text in (*one.opts, *one.secondary_opts))
        value = "" if one.is_flag else f" `{one.metavar or 'TEXT'}`"
        yield f"| {names}{value} | {_cell(one.help or '')} | {_default(one)} |"
    yield "{.options}"


def _default(option: Any) -> str:
    if option.required:
        return "required"
    if option.is_flag:  # a switch with two names says which of them holds
        return f"`{option.opts[0]}`" if option.default and option.secondary_opts else ""
    return "" if option.default is None else f"`{option.default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


_THEOREMS = """\
What decides verdicts, and why it holds. Each page has the statement, its assumptions, the
proof, and the steps of the proof that a machine checks (`theorycheck prove`). T8 is a law that
all verdicts obey, T17 says which hold for given frozen weights; conjectures (C1, C2) are tested
and never decide. The text of these pages is that of the modules in `theorycheck/proofs`;
[what rests on what](../limits.md) is told elsewhere."""

_CHECKED = """\
`theorycheck prove {id}` runs these steps (in {source}). "Exhaustive size" says of what *all*
cases are checked; where it is empty the step is symbolic or on chosen cases. Each step must
also reject the false variants of its claim. The proof above is for all sizes, in words; the
steps guard against mistakes in it and are no formal proof."""

_API = """\
All of this is in `import theorycheck as tc`: `tc.classify`, `tc.Allocation` and so on; what is
not listed is internal. Strategies for property tests are in
[`theorycheck.strategies`](../strategies.md). Every example below is run by the tests."""

_COMMANDS = """\
`theorycheck --help` and `theorycheck COMMAND --help` tell the same. Exit status: 0 done; 1 a
check or theorem failed; 2 bad usage or input, with one line on standard error. `python -m
theorycheck` is the same program."""
