"""What the site has beyond the files of docs/, and where links of these files lead on it.

The first page is README.md, each scenario that ships is a page, and ``llms.txt`` lists all pages
for language models. Nothing is written twice: all of it is made when the site is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

from mockserver.scenarios import reference

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "fixtures" / "scenarios"
PARTS = {
    "Use it": (
        "USING",
        "TESTING",
        "COMMANDS",
        "CI",
        "SCENARIOS",
        "CONTROL_API",
        "REST",
        "TRACES",
        "REAL_SESSIONS",
        "RULES",
        "FAULTS",
        "SCALING",
        "LIMITS",
        "SECURITY",
        "COMPARISON",
    ),
    "The protocol": ("PROTOCOL", "FIDELITY", "COVERAGE"),
    "The project": ("ARCHITECTURE", "EXTENDING", "RELIABILITY", "PERFORMANCE"),
}
"""The pages in the order of reading; pages that are not here come after them, by name."""

_LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<path>[^)#\s]*)(?P<place>#[^)\s]*)?\)")
_pages: list[Page] = []


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The navigation: the parts, the other pages, the scenarios."""
    there = {path.stem for path in Path(config.docs_dir).glob("*.md")}
    parts = {
        part: [f"{name}.md" for name in names if name in there] for part, names in PARTS.items()
    }
    others = sorted(there - {name for names in PARTS.values() for name in names})
    config.nav = [
        {"Start": "index.md"},
        *({part: pages} for part, pages in parts.items()),
        *([{"More": [f"{name}.md" for name in others] + ["CHANGELOG.md"]}]),
        {"Scenarios": [f"scenarios/{each.name}.md" for each in reference.shipped()]},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made of other files."""
    made = {"index.md": "README.md", "CHANGELOG.md": "CHANGELOG.md"}
    for uri, source in made.items():
        files.append(File.generated(config, uri, content=(ROOT / source).read_text("utf-8")))
    for scenario in reference.shipped():
        text = (SCENARIOS / f"{scenario.name}.yaml").read_text("utf-8")
        page = f"# {scenario.name}\n\n{scenario.about}\n\n```yaml\n{text}```\n"
        files.append(File.generated(config, f"scenarios/{scenario.name}.md", content=page))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to where things are on the site; what is not there is named without a link."""
    folder = Path() if page.file.src_uri in ("index.md", "CHANGELOG.md") else Path("docs")
    return _LINK.sub(lambda link: _on_the_site(link, folder, page, files), markdown)


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Remember the pages for ``llms.txt``."""
    _pages[:] = [page for item in nav.items for page in _all(item)]
    return nav


def on_post_build(config: MkDocsConfig) -> None:
    """Write ``llms.txt``: the project in a sentence, and a line for each page."""
    lines = [f"# {config.site_name}", "", f"> {config.site_description}", "", "## Docs", ""]
    lines += [f"- [{page.title}]({page.file.src_uri}): {_first_sentence(page)}" for page in _pages]
    target = Path(config.site_dir)
    (target / "llms.txt").write_text("\n".join(lines) + "\n", "utf-8")
    for page in _pages:
        source = target / page.file.src_uri
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(page.markdown or "", "utf-8")


def _on_the_site(link: re.Match[str], folder: Path, page: Page, files: Files) -> str:
    path, place = link["path"], link["place"] or ""
    if not path or "://" in path or path.startswith("mailto:"):
        return link[0]
    target = _normal(folder / path)
    uri = "index.md" if target == "README.md" else target.removeprefix("docs/")
    if files.get_file_from_path(uri):
        up = "../" * page.file.src_uri.count("/")
        return f"[{link['text']}]({up}{uri}{place})"
    if not (ROOT / target).exists():
        return link[0]
    text = link["text"]
    return text if "`" in text else f"{text} (`{target}`)"


def _normal(path: Path) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def _all(item: object) -> Iterator[Page]:
    if isinstance(item, Page):
        yield item
    elif isinstance(item, Section):
        for child in item.children:
            yield from _all(child)


def _first_sentence(page: Page) -> str:
    """The first sentence below the heading."""
    text = re.sub(r"(?m)^(#.*|!.*|\[!.*|<.*)$", "", page.markdown or "").strip()
    paragraph = " ".join(text.partition("\n\n")[0].split())
    plain = _LINK.sub(lambda link: link["text"], paragraph)
    return re.split(r"(?<=[.:])\s", plain, maxsplit=1)[0]
