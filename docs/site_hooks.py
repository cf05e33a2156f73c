"""Hooks of the site: its first page is the README, and links that leave docs/ lead to the repository.

Pages are written for readers of the repository, where `../deploy/aws/template.yaml` is a file. On the site such a link
goes to the repository's address (SPOTIFY_PLATFORM_REPOSITORY), or, where none is set, is the file's name in plain
text. A link to a file that is not there is an error, as one between pages is.
"""

import logging
import re
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s:]+)(#[^)\s]*)?\)")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(docs/")
_LOG = logging.getLogger("mkdocs.hooks.site")  # strict: a warning ends the build


def on_files(files: Any, config: Any) -> Any:
    """Add the README as the first page, with its links as they are from docs/."""
    text = (ROOT / "README.md").read_text("utf-8")
    text = _PICTURE.sub(r"![\1](", text)
    text = _LINK.sub(lambda link: f"[{link[1]}]({_from_docs(link[2])}{link[3] or ''})", text)
    files.append(File.generated(config, "index.md", content=text))
    return files


def _from_docs(target: str) -> str:
    return target.removeprefix("docs/") if target.startswith("docs/") else f"../{target}"


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Point links that leave docs/ at the repository."""
    folder = PurePosixPath("docs") / PurePosixPath(page.file.src_uri).parent
    address = (config.repo_url or "").rstrip("/")

    def outside(link: re.Match[str]) -> str:
        path = normpath(folder / link[2])
        if path.startswith("docs/") and not path.startswith("docs/questions/"):
            return link[0]
        if path.startswith("..") or not (ROOT / path).exists():
            _LOG.warning("%s: link to %s, which is not in the repository.", page.file.src_uri, link[2])
        return f"[{link[1]}]({address}/blob/HEAD/{path}{link[3] or ''})" if address else f"`{path}`"

    return _LINK.sub(outside, markdown)
