"""Expressions of GitHub's workflows, as far as ours use them: what they are for an event, without GitHub."""

import re
from typing import Any

Contexts = dict[str, Any]


def value(expression: str, contexts: Contexts) -> Any:
    """What an expression of `&&`, `||`, `==`, `!=`, parentheses, texts and names is. A name that is not there is ''."""

    def of(name: re.Match[str]) -> str:
        found: Any = contexts
        for part in name[0].split("."):
            found = found.get(part, "") if isinstance(found, dict) else ""
        return repr(found)

    pieces = re.split(r"('[^']*')", expression.strip())
    pieces[::2] = [re.sub(r"\b[a-z]\w*(\.\w+)+", of, piece) for piece in pieces[::2]]
    python = " ".join("".join(pieces).replace("&&", " and ").replace("||", " or ").split())
    return eval(python, {"__builtins__": {}})  # of our own files only


def filled(text: str, contexts: Contexts) -> str:
    """A text with the values of its `${{ … }}`."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(value(found[1], contexts)), text)
