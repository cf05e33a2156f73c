"""Makes docs/reference/: pages of commands, settings, marts and errors, from the code that defines them.

`python docs/reference.py docs/reference` writes them (`make docs`); a test fails when one is stale.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from spotify_platform.cli import app
from spotify_platform.contracts import errors as kinds_of_errors
from spotify_platform.contracts.errors import PlatformError, TransientError
from spotify_platform.contracts.marts import MARTS
from spotify_platform.marts.sql import Mart, marts
from spotify_platform.settings import CostSettings, PowerBISettings, Settings, SnowflakeSettings

PROGRAM = "spotify-platform"
PACKAGE = Path(__file__).parents[1] / "spotify_platform"


def commands() -> str:
    """Every command with its arguments and options, as `--help` has them."""
    return "\n".join(
        [
            "# Commands",
            "",
            f"Made from `spotify_platform/cli.py` by `make docs`. `.venv/bin/{PROGRAM} COMMAND --help` says the same.",
            *_group([PROGRAM], typer.main.get_command(app)),
            "",
        ]
    )


def _group(path: list[str], group: Any) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from _group([*path, name], command)
        elif not command.hidden:
            yield from _command([*path, name], command)


def _command(path: list[str], command: Any) -> Iterator[str]:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    shown = [f"{one.human_readable_name.upper()}{'…' if one.nargs == -1 else ''}" for one in arguments]
    words = [word if one.required else f"[{word}]" for word, one in zip(shown, arguments, strict=True)]
    yield from ("", f"## {' '.join(path[1:])}", "", "```", " ".join([*path, *words, "[OPTIONS]"]), "```", "")
    yield " ".join((command.help or "").split())
    rows = [
        (f"`{word}`", param)
        for word, param in zip(
            [*shown, *(", ".join([*one.opts, *one.secondary_opts]) for one in command.params if one not in arguments)],
            [*arguments, *(one for one in command.params if one not in arguments)],
            strict=True,
        )
        if param.name != "help"
    ]
    if rows:
        yield from ("", "| | meaning | default |", "|---|---|---|")
    for word, param in rows:
        default = "" if param.default in (None, False, ()) or callable(param.default) else f"`{param.default}`"
        yield f"| {word} | {_cell(getattr(param, 'help', '') or '')} | {default} |"


def settings() -> str:
    """Every variable of the environment that is read."""
    lines = [
        "# Settings",
        "",
        "Made from `spotify_platform/settings.py` by `make docs`. Settings are variables of the environment, read and",
        "checked once; a wrong one is an error that names it. A secret is never printed, logged or kept.",
    ]
    kinds: dict[str, tuple[type[BaseSettings], str]] = {
        "The platform": (Settings, ""),
        "Snowflake": (SnowflakeSettings, "For the warehouse `snowflake`; where the values come from is in "
        "[Snowflake](../snowflake.md)."),
        "Cost": (CostSettings, "For the ledger of costs; see [Cost](../cost.md)."),
        "Power BI": (PowerBISettings, "For the refresh of the deployed model; see [Power BI](../powerbi.md)."),
    }  # fmt: skip
    for title, (kind, told) in kinds.items():
        lines += [
            "",
            f"## {title}",
            "",
            *([told, ""] if told else []),
            "| variable | meaning | default |",
            "|---|---|---|",
        ]
        for name, field in kind.model_fields.items():
            if name in ("is_branch", "git_branch"):
                continue  # Dagster+ sets these two, and no person can
            variable = str(field.validation_alias or f"{kind.model_config['env_prefix']}{name}".upper())
            secret = " (a secret)" if SecretStr in getattr(field.annotation, "__args__", ()) else ""
            choices = getattr(field.annotation, "__args__", ())
            one_of = (
                f": {', '.join(f'`{c}`' for c in choices)}"
                if all(isinstance(c, str) for c in choices) and choices
                else ""
            )
            default = "–" if field.default in (None, PydanticUndefined) else f"`{field.default}`"
            lines.append(f"| `{variable}` | {_cell(field.description or '')}{one_of}{secret} | {default} |")
    return "\n".join([*lines, ""])


def mart_pages() -> str:
    """Every mart: its question, grain, window, what it reads and who reads it."""
    found = {mart.table.name: mart for mart in marts()}
    lines = [
        "# Marts",
        "",
        "Made from `spotify_platform/marts/*.sql` and their contracts by `make docs`. What the figures mean is in",
        "[Metrics](../metrics.md), what each column holds in the [data dictionary](../data-dictionary.md).",
    ]
    for table in MARTS:
        mart = found[table.name]
        readers = sorted(one.table.name for one in found.values() if f"marts.{table.name}" in one.reads)
        lines += [
            "",
            f"## {table.name}",
            "",
            table.meaning if "?" in table.meaning else f"{mart.question.capitalize()} {table.meaning}",
            "",
        ]
        lines += [f"- Grain: {table.grain}. Key: {', '.join(f'`{name}`' for name in table.key)}.", *_header(mart)]
        lines += [f"- Reads: {', '.join(f'`{name}`' for name in sorted(mart.reads)) or 'nothing'}."]
        lines += [f"- Read by: {', '.join(f'[{name}](#{name})' for name in readers)}."] if readers else []
        lines += [
            f"- [Its {len(table.columns)} columns](../data-dictionary.md#marts{table.name}), "
            f"[its SELECT](../../spotify_platform/marts/{table.name}.sql)"
            + (f", [what must add up](../../spotify_platform/marts/checks/{table.name}.sql)." if mart.check else ".")
        ]
    return "\n".join([*lines, ""])


def _header(mart: Mart) -> list[str]:
    """The window that the head of the mart's file tells."""
    head = []
    for line in mart.select.splitlines():
        if not line.startswith("--"):
            break
        head.append(line.removeprefix("--").strip())
    text = " ".join(head)
    return [f"- Window: {text.split('window:')[1].strip()}."] if "window:" in text else []


def errors() -> str:
    """Every kind of error with the messages that the code has for it; what varies in a message is …."""
    lines = [
        "# Errors",
        "",
        "Made from the code by `make docs`. A message says what was wrong, where, and what to do; what varies in it is",
        "shown as …. *Transient* errors may pass by themselves, and the platform tries again where it runs alone;",
        "*permanent* ones wait for a person. What to do beyond a message's words is in the [run book](../runbook.md).",
    ]
    found = _messages()
    for name, kind in vars(kinds_of_errors).items():
        if not (isinstance(kind, type) and issubclass(kind, PlatformError)) or kind is PlatformError:
            continue
        lines += [
            "",
            f"## {name}",
            "",
            f"{'Transient' if issubclass(kind, TransientError) else 'Permanent'}. {kind.__doc__}",
        ]
        lines += ["", *(f"- {text}" for text in sorted(found[name]))] if found[name] else []
    return "\n".join([*lines, ""])


def _messages() -> dict[str, set[str]]:
    """Kind of error → the messages that the code has for it. `refusal` makes an InputError of a file.

    Raised or returned for somebody else to raise; what a room derives from a kind for itself is told with that kind.
    """
    found: dict[str, set[str]] = defaultdict(set)
    trees = [ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py") if "sandbox" not in path.parts]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    kinds = {name: name for name in vars(kinds_of_errors) if name.endswith("Error")}
    for node in nodes:
        if isinstance(node, ast.ClassDef) and node.name not in kinds and node.bases:
            base = getattr(node.bases[0], "id", "")
            kinds |= {node.name: kinds[base]} if base in kinds else {}
    for node in nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id == "refusal":  # extract/files.py: where, what is wrong, what to do
            where, what, remedy = (_text(one) for one in node.args)
            found["InputError"].add(_plain(f"{where}: {what}. Nothing was imported. {remedy}"))
        elif node.func.id in kinds and node.args and (text := _text(node.args[0])) != "…":
            found[kinds[node.func.id]].add(_plain(text))
    return found


def _text(node: ast.expr) -> str:
    """A text of the code, with … for what varies."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return "…"


def _plain(text: str) -> str:
    for letter in "*_<":
        text = text.replace(letter, f"\\{letter}")
    return " ".join(text.split())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").rstrip(".")


PAGES = {"commands.md": commands, "settings.md": settings, "marts.md": mart_pages, "errors.md": errors}

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for page, make in PAGES.items():
        (folder / page).write_text(make(), "utf-8")
