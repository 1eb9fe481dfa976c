"""Pages for people: their links lead somewhere, their jobs are jobs, their lists are complete."""

import re

import pytest
from support.documentation import DOCS, ROOT, blocks

import cnnjobs
from cnnjobs.cli import main
from cnnjobs.planning.job_file import load_job

BESIDE = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "cluster/README.md", "benchmarks/README.md")
PAGES = sorted([*DOCS.rglob("*.md"), *(ROOT / name for name in BESIDE)])


def text_of(page):
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(page):
    """Return the addresses of the headings of a page, as GitHub and MkDocs make them."""
    titles = re.findall(r"^#+ (.*)$", text_of(page), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_exist(page):
    for link in re.findall(r"(?:\]\(|(?:src|href)=\")([^)\"\s]+)[)\"]", text_of(page)):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if target.parent == DOCS / "gallery" and target.suffix == ".html":  # a report that is made with the site
            target = DOCS / "gallery" / "results" / target.stem
        assert target.exists(), link
        if heading and target.suffix == ".md":
            assert heading in anchors(target), link


def test_every_page_is_linked_from_another():
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page))
        if "://" not in link
    }
    pages = set(DOCS.rglob("*.md")) - {DOCS / "index.md"}
    assert pages <= linked


def test_every_page_is_in_the_navigation_once():
    listed = re.findall(r"^ +- (.+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert len(set(listed)) == len(listed)
    assert {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} <= set(listed)


@pytest.mark.parametrize("page", ["first-steps", "job-file"])
def test_the_job_of_a_page_is_a_job(page, tmp_path):
    [text] = blocks(DOCS / f"{page}.md", "python")
    (tmp_path / "job.py").write_text(text)
    assert len(load_job(tmp_path / "job.py").job.variants) == 3


def test_every_bundled_job_is_in_the_table():
    named = set(re.findall(r"^\| \[(\w+)\]", text_of(DOCS / "job-file.md"), re.M))
    assert named == {file.stem for file in (ROOT / "jobs").glob("*.py")}


def test_every_command_is_in_the_table():
    rows = re.findall(r"^\| `cnnjobs (.*?) \|", text_of(DOCS / "commands.md"), re.M)
    shown = {name for name, command in main.commands.items() if not command.hidden}
    assert set(re.findall(r"[a-z]+", " ".join(rows))) >= shown


def test_the_options_that_the_page_of_commands_names_are_options():
    taken = [option for command in main.commands.values() for option in command.params]
    options = {flag for option in taken for flag in (*option.opts, *option.secondary_opts)}
    for page in ("commands", "report", "data", "models"):
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text_of(DOCS / f"{page}.md"))) - {"--help"}
        assert named <= options, page


def test_the_networks_and_settings_of_the_page_exist():
    text = text_of(DOCS / "training.md")
    for name in re.findall(r"`([A-Z][A-Za-z]+|[a-z_]+)\(", text):
        assert hasattr(cnnjobs, name) or name in ("f", "Rescaling"), name
