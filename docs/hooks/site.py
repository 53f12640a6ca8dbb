"""Hooks of MkDocs: generated pages, files from outside `docs/`, formulas as MathML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from dialect import blocks, mathml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pages import API, all_pages
from pictures import all_pictures

# Search in pages opened from disk needs this script (1.4 kB, MIT); the theme has it from a CDN.
_SHIM = "https://unpkg.com/iframe-worker/shim"
_EXTERNAL = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//[^>]*>")
ROOT = Path(__file__).parents[2]
_COPIED = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}
# Documents link to files of the repository; those the site has are found, others are only named.
_LINK = re.compile(r"\[([^\]]*)\]\(((?:\.\./|docs/|examples/|theorycheck/)[^)\s]*)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of a folder, generated ones too, where the navigation names the folder."""
    docs = Path(config.docs_dir)
    pages = [*all_pages(), *(str(file.relative_to(docs)) for file in docs.rglob("*.md"))]

    def grown(entry: Any) -> Any:
        if isinstance(entry, list):
            return [grown(one) for one in entry]
        if isinstance(entry, dict):
            return {title: grown(one) for title, one in entry.items()}
        if entry.endswith("/"):
            below = [page for page in pages if page.startswith(entry)]
            return sorted(below, key=_place)
        return entry

    config.nav = grown(config.nav)
    return config


def _place(page: str) -> tuple[bool, bool, int, str]:
    """The index first; theorems before conjectures, T2 before T10; the API as its groups are."""
    name = Path(page).stem
    if page.startswith("api/"):
        return (name != "index", False, [*API, "index", "more"].index(name), name)
    number = int(name[1:]) if name[1:].isdecimal() else 0
    return (name != "index", bool(number) and name.startswith("c"), number, name)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the generated pages, the pictures, and the examples as downloads."""
    made: dict[str, str | bytes] = {**all_pages(), **all_pictures()}
    made |= {page: (ROOT / name).read_text() for page, name in _COPIED.items()}
    folder = ROOT / "examples"
    for file in sorted([*folder.glob("*.*"), *folder.glob("allocations/*")]):
        if file.is_file() and file.suffix != ".md":
            made[f"examples/{file.relative_to(folder)}"] = file.read_bytes()
    for path, content in made.items():
        if path not in files.src_uris:  # a page that is written by hand comes before a made one
            files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lists and tables as GitHub reads them; links to what lies outside of `docs/`."""
    path = page.file.src_uri

    def link(match: re.Match[str]) -> str:
        target = match[2].removeprefix("../") if "/" not in path else match[2]
        if target.startswith("docs/"):
            target = target.removeprefix("docs/")
        if target == "theorycheck/proofs/README.md":
            target = "theorems/index.md"
        known = target.split("#")[0] in files.src_uris
        return f"[{match[1]}]({target})" if known else match[1]

    return blocks(_LINK.sub(link, markdown) if "/" not in path else markdown)


def on_page_content(page_html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Formulas as MathML: no script, no network."""
    return mathml(page_html)


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """The site works without a network: a page that would load from elsewhere is an error."""
    return _local(output, page.file.src_uri, "../" * page.url.count("/"))


def on_post_template(output: str, *, template_name: str, config: MkDocsConfig) -> str:
    """The same for what is no page, such as 404.html, which a server shows at any depth."""
    return _local(output, template_name, "/")


def _local(output: str, name: str, up: str) -> str:
    output = output.replace(_SHIM, f"{up}assets/iframe-worker/shim.js")
    if external := _EXTERNAL.search(output):
        raise PluginError(f"{name} loads from the network: {external[0]}")
    return output
