"""Hooks of MkDocs: what is generated while the site is built."""

import re
from functools import cache
from pathlib import Path

from gallery import reports
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from options import options_of_commands
from repository_files import PAGES, ROOT, is_text, linked_from, place_in_site, text_pages, with_links_in_site
from tables import tables

DOCS = ROOT / "docs"

SECTION = re.compile(
    r'aria-labelledby="(__nav_\w+)_label"'
    r'(?=[^>]*>\s*<label class="md-nav__title" for="\1">\s*<span[^>]*></span>\s*([^<]*?)\s*<)'
)
"""Navigation through a section, whose label the theme leaves empty where the section has a page; its title is below."""


@cache
def parts() -> dict[str, str]:
    """Return what takes the place of `<!-- NAME -->` in a page, by its name."""
    return {**tables(), "options of the commands": options_of_commands()}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add reports, pages of the repository that lie outside `docs`, and the files that they and others link to."""
    sources = {f"docs/{page.src_uri}": Path(str(page.abs_src_path)) for page in files.documentation_pages()}
    sources |= {file: ROOT / file for file in PAGES}
    texts = {file: path.read_text(encoding="utf-8") for file, path in sources.items()}
    linked = {found for file, text in texts.items() for found in linked_from(text, file)}
    pages = {place: texts[file] for file, place in PAGES.items()}
    pages |= text_pages(file for file in linked if is_text(file))
    for place, text in pages.items():
        files.append(File.generated(config, place, content=text))
    for file in linked:
        if not is_text(file):
            files.append(File.generated(config, place_in_site(file), abs_src_path=str(ROOT / file)))
    for job, report in reports().items():
        files.append(File.generated(config, f"gallery/{job}.html", content=report))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put generated parts into a page, and turn its links to files of the repository into links within the site."""
    if page.file.src_uri.startswith("files/"):
        return markdown
    origins = {place: file for file, place in PAGES.items()}
    file = origins.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    for name, part in parts().items():
        markdown = markdown.replace(f"<!-- {name} -->", part)
    return with_links_in_site(markdown, file)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Name what the theme leaves without a name for readers of screens: search, sections, pages with "&"."""
    named = 'data-md-component="search" role="dialog"'
    output = output.replace(named, f'{named} aria-label="Search"')
    output = SECTION.sub(r'aria-label="\2"', output)
    return re.sub(r'aria-label="[^"]*"', lambda label: label[0].replace("&amp;amp;", "&amp;"), output)
