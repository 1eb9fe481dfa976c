"""The site made of `docs`: it is built without a warning, loads nothing from elsewhere, and is searched as files."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from support.documentation import DOCS, ROOT

from cnnjobs.cli import main

pytest.importorskip("material", reason='needs MkDocs: pip install ".[docs]"')
pytest.importorskip("mkdocstrings")

AXE = os.environ.get("CNNJOBS_AXE")
PROGRAMS = ("chromium", "chromedriver")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""What a browser asks for by itself. The kinds of `link` that are only said to machines are left out."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site: one that has been built before, or built now."""
    if built := os.environ.get("CNNJOBS_SITE"):
        return Path(built)
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "WARNING" not in done.stderr
    return folder


class Links(HTMLParser):
    """What a page loads, what it links to, and the places in it that can be linked to."""

    def __init__(self, file):
        super().__init__()
        self.loaded, self.links, self.ids = [], [], set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.ids.update(value for key, value in attrs if key in ("id", "name"))
        if tag == "a" and named.get("href"):
            self.links.append(named["href"])
        if tag in LOADED and named.get(LOADED[tag]) and named.get("rel") not in ("canonical", "next", "prev"):
            self.loaded.append(named[LOADED[tag]])


def is_report(name):
    """Return whether a page is a report of the gallery, which has tests of its own."""
    return name.parent.name == "gallery" and name.name != "index.html"


@pytest.fixture(scope="module")
def pages(site):
    return {file.relative_to(site): Links(file) for file in site.rglob("*.html")}


def test_pages_load_only_files_of_the_site(site, pages):
    assert len(pages) > 40
    for name, page in pages.items():
        for address in page.loaded:
            if name.name != "404.html" and not address.startswith("data:"):  # 404.html is for servers
                assert (site / name.parent / address.partition("?")[0]).exists(), (name, address)


def test_links_within_the_site_lead_somewhere(site, pages):
    for name, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link) or name.name == "404.html" or is_report(name):
                continue
            file, _, place = link.partition("#")
            target = (site / name.parent / file).resolve() if file else site / name
            assert target.exists(), (name, link)
            if place and target.suffix == ".html" and not place.startswith("__"):
                assert place in pages[target.relative_to(site.resolve())].ids, (name, link)


def test_the_gallery_has_a_report_of_every_job_whose_results_are_kept(site):
    for job in (DOCS / "gallery" / "results").iterdir():
        assert f"<title>{job.name}" in (site / "gallery" / f"{job.name}.html").read_text(encoding="utf-8")


def test_every_option_of_every_command_is_on_the_page_of_commands(site):
    text = (site / "commands.html").read_text(encoding="utf-8")
    for name, command in main.commands.items():
        if not command.hidden:
            section = text.partition(f'id="options-of-{name}"')[2].partition("<h3")[0]
            for option in command.params:
                assert option.param_type_name != "option" or f"{option.opts[0]}" in section, (name, option)


def test_no_name_of_a_generated_part_is_left_on_a_page(site, pages):
    part = re.compile("<!-- (columns|metrics|options) [a-z ]+ -->|later_field")
    left = [name for name in pages if part.search((site / name).read_text(encoding="utf-8"))]
    assert not left


def test_defaults_and_what_is_returned_are_shown_in_words_that_readers_know():
    docstrings = runpy.run_path(str(DOCS / "_site" / "docstrings.py"))
    shown = docstrings["shown_default"]
    assert shown("ALPHA", "cnnjobs.report.frames") == "0.05"
    assert shown("later_field((1, 2))", "cnnjobs.spec") == "(1, 2)"
    assert shown("Adam()", "cnnjobs.spec") == "Adam()"
    returned = docstrings["with_returns"]("One.\n\nReturns:\n    A pair: x\n    and y.\n\nRaises:\n    E: no.\n", "X")
    assert returned == "One.\n\n**Returns** (`X`): A pair: x\nand y.\n\n\nRaises:\n    E: no.\n"


@pytest.fixture(scope="module")
def browser(request):
    if MISSING:
        pytest.skip(f"needs {' and '.join(MISSING)} (Debian: chromium-driver)")
    return request.getfixturevalue("chromium")


def test_the_search_finds_a_setting_in_pages_opened_as_files(browser, site):
    browser.get_log("performance")
    browser.get((site / "index.html").as_uri())
    browser.find_element(By.CSS_SELECTOR, "label[for=__search]").click()
    browser.find_element(By.CSS_SELECTOR, "input.md-search__input").send_keys("test-time augmentation")
    found = "return [...document.querySelectorAll('.md-search-result__item a')].map((one) => one.href).join(' ')"
    WebDriverWait(browser, 20).until(lambda driver: "training.html" in driver.execute_script(found))
    assert not [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    asked = [one["request"]["url"] for one in sent if not one["documentURL"].startswith("chrome:")]
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []


@pytest.mark.parametrize("page", ["index", "first-steps", "report", "decide", "commands", "api/job"])
def test_pages_fit_a_phone(browser, site, page):
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get((site / f"{page}.html").as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390


@pytest.mark.skipif(AXE is None, reason="needs CNNJOBS_AXE, the path of axe.min.js (npm: axe-core)")
@pytest.mark.parametrize(("width", "scheme"), [(390, "default"), (1280, "slate")], ids=["phone, light", "wide, dark"])
@pytest.mark.parametrize(
    "page", ["index", "first-steps", "statistics", "benchmarks", "api/job", "tutorials/mnist-kfold", "numbers"]
)
def test_axe_finds_nothing(browser, site, page, width, scheme):
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get((site / f"{page}.html").as_uri())
    browser.execute_script("document.body.setAttribute('data-md-color-scheme', arguments[0])", scheme)
    time.sleep(0.3)  # colours change by and by
    browser.execute_script(Path(AXE).read_text(encoding="utf-8"))
    found = browser.execute_async_script("axe.run(document).then(arguments[arguments.length - 1])")
    assert len(found["passes"]) > 10
    told = [(one["id"], one["help"], [node["target"] for node in one["nodes"]][:5]) for one in found["violations"]]
    assert told == []
