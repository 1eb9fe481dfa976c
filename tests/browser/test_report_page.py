"""The report in a real Chromium: it loads in silence, does what it offers, fits a phone, prints, and is accessible."""

import base64
import io
import json
import os
import re
import shutil
import unicodedata
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from support.reports import HOSTILE, LONG, files_of, made_up_document
from support.stores import make_store

from cnnjobs.comparison.table import job_table
from cnnjobs.report.model import Document, Section, Terms, Text
from cnnjobs.report.render.html import html_report
from cnnjobs.report.sections.differences_table import differences_table

PROGRAMS = ("chromium", "chromedriver")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
AXE = os.environ.get("CNNJOBS_AXE")

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)} (Debian: chromium-driver)")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A document, and the folder with nothing but its page."""
    document, figures = made_up_document(tmp_path_factory.mktemp("store"))
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text(html_report(document, figures, files_of(document)), encoding="utf-8")
    return document, folder


@pytest.fixture(scope="module")
def browser(chromium, report):
    """A browser for all tests of this file; what it saves goes beside the page."""
    chromium.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(report[1])})
    return chromium


@pytest.fixture
def page(browser, report):
    """The page, freshly loaded, on a desktop screen, light."""
    return load(browser, report[1])


def load(browser, folder, *, width=1280, height=900, scheme="light", media=""):
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # what was before
    browser.get((folder / "index.html").as_uri())
    browser.execute_script("try { localStorage.clear() } catch {}")
    return browser


def requests(browser):
    """Addresses that the page asked for since it was loaded, and its own; not those of the browser's own pages."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return [one["request"]["url"] for one in sent if not one["documentURL"].startswith("chrome:")]


def open_all(browser):
    browser.execute_script("document.querySelectorAll('details').forEach((part) => { part.open = true })")


def table(browser, title):
    found = [one for one in browser.find_elements(By.TAG_NAME, "table") if title in one.get_attribute("textContent")]
    return found[0]


def header(found, text):
    return next(head for head in found.find_elements(By.CSS_SELECTOR, "thead th") if head.text.startswith(text))


def column(found, place):
    return [
        row.find_elements(By.CSS_SELECTOR, "th, td")[place].text for row in found.find_elements(By.XPATH, "tbody/tr")
    ]


def ground(browser):
    return browser.execute_script("return getComputedStyle(document.documentElement).backgroundColor")


def test_it_loads_without_messages_or_requests_for_anything_else(page, report):
    open_all(page)
    page.find_elements(By.CSS_SELECTOR, "button.enlarge")[0].click()
    page.find_element(By.CSS_SELECTOR, "dialog button").click()
    asked = [address for address in requests(page) if not address.startswith("data:")]
    assert asked == [(report[1] / "index.html").as_uri()]
    assert page.get_log("browser") == []


def test_no_label_became_an_element_or_ran(page):
    found = page.execute_script("return [document.scripts.length, document.images.length, document.title]")
    assert found == [2, 0, "regularization-grid <script>alert(1)</script>"]


def test_a_click_sorts_numbers_by_their_value_and_none_comes_last(page):
    found = table(page, "Paired differences to baseline")
    head = header(found, "mean difference")
    head.find_element(By.TAG_NAME, "button").click()
    rising = column(found, 2)
    assert head.get_attribute("aria-sort") == "ascending"
    assert rising[:-1] == sorted(rising[:-1], key=float)
    assert len(set(rising)) == 4
    head.find_element(By.TAG_NAME, "button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(found, 2) == [*rising[-2::-1], "-"], "what has no value is last both ways"


def test_the_keyboard_sorts_words(page):
    found = table(page, "Test accuracy of the weights")
    before = column(found, 0)
    header(found, "variant").find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    after = column(found, 0)
    assert after != before
    assert sorted(after) == sorted(before)
    assert after.index(LONG) < after.index("baseline")
    header(found, "n").find_element(By.TAG_NAME, "button").send_keys(Keys.SPACE)
    assert header(found, "n").get_attribute("aria-sort") == "ascending"
    assert header(found, "variant").get_attribute("aria-sort") is None, "one column at a time"


def test_rows_are_sorted_by_values_not_by_what_is_shown(page):
    found = table(page, "Classes of")
    open_all(page)
    header(found, "test images").find_element(By.TAG_NAME, "button").click()
    numbers = [int(text.replace(",", "")) for text in column(found, 1)]
    assert numbers == sorted(numbers)


PAINTED = """
const svg = arguments[0], box = svg.getBoundingClientRect();
const all = [...svg.querySelectorAll("text, image, path:not(defs path)")];
const parts = all.filter((part) => !part.closest("[clip-path]"));
const out = parts.map((part) => [part.textContent || part.tagName, part.getBoundingClientRect()]).filter(([, r]) =>
  r.left < box.left - 2 || r.right > box.right + 2 || r.top < box.top - 2 || r.bottom > box.bottom + 2);
return [box.width, box.height, parts.length, out.map(([name, r]) => [name, r.left - box.left, r.right - box.right])];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_figure_is_visible_and_painted_within_its_box(browser, report, scheme):
    page = load(browser, report[1], scheme=scheme)
    open_all(page)
    drawings = page.find_elements(By.CSS_SELECTOR, "figure svg")
    assert len(drawings) == len(report[0].charts)
    for drawing in drawings:
        width, height, parts, outside = page.execute_script(PAINTED, drawing)
        assert width > 200
        assert height > 80
        assert parts > 10
        assert outside == []
        pixels = np.asarray(Image.open(io.BytesIO(drawing.screenshot_as_png)).convert("L")).astype(int)
        assert pixels.std() > 5, "something is drawn"
        assert abs(np.median(pixels) - {"light": 255, "dark": 23}[scheme]) < 8, "on the ground of the page"


def test_a_figure_is_enlarged_and_comes_back_with_escape(page):
    button = page.find_elements(By.CSS_SELECTOR, "button.enlarge")[0]
    drawing = page.find_elements(By.CSS_SELECTOR, "figure svg")[0]
    width = drawing.rect["width"]
    button.send_keys(Keys.ENTER)
    dialog = page.find_element(By.TAG_NAME, "dialog")
    assert dialog.get_property("open")
    assert dialog.find_element(By.TAG_NAME, "p").text.startswith("Figure 1. differences")
    assert drawing.rect["width"] > width
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    WebDriverWait(page, 5).until(lambda _: not dialog.get_property("open"))
    assert page.execute_script("return arguments[0].closest('figure') !== null", drawing)
    assert drawing.rect["width"] == width
    assert page.switch_to.active_element == button


def test_a_saved_figure_is_a_file_for_itself(browser, report):
    page = load(browser, report[1], scheme="dark")
    hide(page, LONG)
    page.find_elements(By.CSS_SELECTOR, "button.svg")[0].click()
    file = saved(page, report, "differences.svg")
    text = file.read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["width"].endswith("pt")
    assert "--" not in root.attrib["style"]
    assert {"#ffffff", "#000000"} <= set(re.findall(r"#[0-9a-f]{6}", text)), "light, on white"
    assert "var(" not in text
    assert "data-variants" not in text
    assert "&lt;script&gt;" in text
    assert LONG[:20] not in text.split("</title>")[1], "as it is shown"
    page.get(file.as_uri())
    assert page.get_log("browser") == []


def test_the_button_switches_between_light_and_dark_and_is_remembered(page):
    button = page.find_element(By.ID, "theme")
    assert (ground(page), button.text) == ("rgb(255, 255, 255)", "Dark")
    button.click()
    dark = ground(page)
    assert (dark, button.text) == ("rgb(20, 23, 27)", "Light")
    page.refresh()
    assert ground(page) == dark
    page.find_element(By.ID, "theme").click()
    assert ground(page) == "rgb(255, 255, 255)"


INK = """
const svg = document.querySelector("figure svg");
return getComputedStyle(svg.querySelector("text")).fill;
"""


def test_the_page_follows_the_system_and_figures_have_its_ground_and_its_ink(browser, report):
    light, dark = (
        load(browser, report[1], scheme=scheme) and (ground(browser), browser.execute_script(INK))
        for scheme in ("light", "dark")
    )
    assert light == ("rgb(255, 255, 255)", "rgb(26, 30, 36)")
    assert dark == ("rgb(20, 23, 27)", "rgb(230, 233, 237)")


def chip(page, name):
    return next(
        one for one in page.find_elements(By.CSS_SELECTOR, "#variants input") if one.get_attribute("data-name") == name
    )


def hide(page, name):
    chip(page, name).send_keys(Keys.SPACE)


def seen(page, name):
    """How much of a variant is seen on the page: rows, figures, entries of the contents, and parts of figures."""
    place = chip(page, name).get_attribute("value")
    shown = "document.querySelectorAll(`[data-variants~='${arguments[0]}']`)"
    shown = f"return [...{shown}].filter((part) => part.getClientRects().length).length"
    return page.execute_script(shown, place)


def test_the_keyboard_hides_a_variant_everywhere_and_shows_it_again(page):
    open_all(page)
    before, others = seen(page, LONG), seen(page, "baseline")
    assert before > 15
    hide(page, LONG)
    assert seen(page, LONG) == 0
    assert seen(page, "baseline") == others - 1, "all but its pair with the hidden one"
    assert LONG in page.find_element(By.ID, "hidden-variants").text
    assert page.find_element(By.CSS_SELECTOR, "#variants .count").text == "3 of 4 shown"
    page.find_element(By.CSS_SELECTOR, "#variants .show").send_keys(Keys.ENTER)
    assert seen(page, LONG) == before
    assert not page.find_element(By.ID, "hidden-variants").is_displayed()
    page.find_element(By.CSS_SELECTOR, "#variants .none").click()
    assert seen(page, "baseline") == 0


def test_a_link_shows_the_same_variants_and_the_same_pair(page):
    hide(page, HOSTILE)
    choose(page, "a", LONG)
    address = page.current_url
    page.get("about:blank")
    page.get(address)
    assert not chip(page, HOSTILE).is_selected()
    assert seen(page, HOSTILE) == 0
    assert Select(page.find_element(By.NAME, "a")).first_selected_option.text == LONG
    page.find_elements(By.CSS_SELECTOR, "nav ol a")[-1].click()
    assert page.current_url.split("#")[1].startswith("s-terms?"), "a place on the page does not take it away"
    page.refresh()
    assert seen(page, HOSTILE) == 0
    assert page.find_element(By.TAG_NAME, "dl").is_displayed(), "the place is open"


def choose(page, which, name):
    Select(page.find_element(By.NAME, which)).select_by_visible_text(name)


def test_any_two_variants_are_compared(page, report):
    rows = next(one for one in report[0].tables if one.name == "pairs").rows
    choose(page, "a", "baseline")
    choose(page, "b", LONG)
    [row] = [one for one in rows if {one["variant"], one["other"]} == {"baseline", LONG}]
    said = {}
    for first, second in ((row["variant"], row["other"]), (row["other"], row["variant"])):
        choose(page, "a", first)
        choose(page, "b", second)
        said[first] = dict(line.text.split("\n") for line in page.find_elements(By.CSS_SELECTOR, "#pick-two dl div"))
        assert [said[first]["A"], said[first]["B"]] == [first, second]
    there, back = said.values()
    values = [float(number) for number in re.findall(r"[+-][\d.]+", f"{there['A minus B']} {there['95% CI']}")]
    assert values == [round(100 * row[name], 2) for name in ("mean", "ci_low", "ci_high")]
    turned = [float(number) for number in re.findall(r"[+-][\d.]+", f"{back['A minus B']} {back['95% CI']}")]
    assert turned == [-values[0], -values[2], -values[1]]
    assert float(there["P(A > B)"].split()[0]) == pytest.approx(1 - float(back["P(A > B)"].split()[0]))
    assert there["p (t)"] == back["p (t)"]
    assert len(page.find_elements(By.CSS_SELECTOR, "tr.picked")) == 1
    page.find_element(By.CSS_SELECTOR, "#pick-two .only").click()
    assert (seen(page, HOSTILE), seen(page, LONG) > 5, seen(page, "baseline") > 3) == (0, True, True)
    choose(page, "b", "baseline")
    assert page.find_element(By.CSS_SELECTOR, "#pick-two .found").text == "Pick two different variants."


def saved(page, report, name):
    file = report[1] / name
    WebDriverWait(page, 10).until(lambda _: file.exists() and file.stat().st_size)
    return file


def test_tables_figures_and_texts_are_saved_out_of_the_page_alone(page, report):
    open_all(page)
    files = files_of(report[0])
    wanted = (
        "tables/summary.csv",
        "tables/summary.tex",
        "tables/differences.parquet",
        "figures/box.csv",
        "text/methods.txt",
    )
    for place in wanted:
        page.find_element(By.CSS_SELECTOR, f"button[data-file='{place}']").click()
        assert saved(page, report, place.split("/")[1]).read_bytes() == files[place]
    page.find_elements(By.CSS_SELECTOR, "button.png")[1].click()
    picture = Image.open(saved(page, report, "box.png"))
    width = page.execute_script("return document.querySelectorAll('figure svg')[1].viewBox.baseVal.width")
    assert picture.width == pytest.approx(width * 4 / 3 * 2.5, abs=4)
    assert np.asarray(picture.convert("L")).std() > 5
    assert page.get_log("browser") == []


def test_a_text_is_copied_from_a_page_that_is_opened_as_a_file(page, report):
    open_all(page)
    button = page.find_element(By.CSS_SELECTOR, "button.copy")
    button.click()
    WebDriverWait(page, 5).until(lambda _: button.text == "Copied")
    page.execute_script("document.body.prepend(document.createElement('textarea'))")
    area = page.find_element(By.TAG_NAME, "textarea")
    area.send_keys(Keys.CONTROL, "v")
    assert area.get_property("value") == report[0].passages[0].text


def test_folded_sections_open_by_heading_link_and_button(page):
    folds = page.find_elements(By.CSS_SELECTOR, "details.fold")
    opened = lambda: [bool(fold.get_property("open")) for fold in folds]  # noqa: E731
    assert opened() == [False] * 3
    folds[0].find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    assert opened() == [True, False, False]
    page.find_element(By.CSS_SELECTOR, "a.term").click()
    assert opened() == [True, False, True], "a term leads to its meaning"
    button = page.find_element(By.ID, "unfold")
    button.click()
    assert all(opened())
    WebDriverWait(page, 5).until(lambda _: button.text == "Close sections")
    button.click()
    assert not any(opened())


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(browser, report, width):
    page = load(browser, report[1], width=width, height=844)
    open_all(page)
    inner, scroll = page.execute_script("return [innerWidth, document.scrollingElement.scrollWidth]")
    assert inner == width
    assert scroll <= width
    right = (
        "return Math.max(...[...document.querySelectorAll(arguments[0])].map((e) => e.getBoundingClientRect().right))"
    )
    assert page.execute_script(right, "h1, h2, h3, p, figure, figcaption, .scroll, .tools button, nav") <= width


@pytest.mark.parametrize("width", [390, 1280])
def test_words_of_tables_are_not_broken_where_their_columns_are_narrow(browser, tmp_path, width):
    values = {"augmented": [0.61, 0.62, 0.60, 0.64, 0.59], "as they are": [0.57, 0.61, 0.60, 0.53, 0.58]}
    differences = differences_table(job_table(make_store(tmp_path, values)))
    document = Document("photos", [Section("Differences", [differences])], {})
    (tmp_path / "index.html").write_text(html_report(document, {}, files_of(document)), encoding="utf-8")
    broken = load(browser, tmp_path, width=width).execute_script(BROKEN_WORDS)
    assert broken["seen"] > 3
    assert broken["words"] == []


BROKEN_WORDS = """
const words = [];
let seen = 0;
for (const cell of document.querySelectorAll("tbody td")) {
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    for (const found of walker.currentNode.data.matchAll(/(?<!\\S)[A-Za-z,.]{2,20}(?!\\S)/g)) {
      const range = document.createRange();
      range.setStart(walker.currentNode, found.index);
      range.setEnd(walker.currentNode, found.index + found[0].length);
      seen += 1;
      if (new Set([...range.getClientRects()].map((one) => one.top)).size > 1) words.push(found[0]);
    }
  }
}
return { seen, words };
"""


def test_on_a_phone_wide_tables_scroll_within_themselves(browser, report):
    page = load(browser, report[1], width=390, height=844)
    open_all(page)
    area = table(page, "Test accuracy of the weights").find_element(By.XPATH, "..")
    WebDriverWait(page, 5).until(lambda _: area.get_attribute("tabindex") == "0")
    assert page.execute_script("return arguments[0].scrollWidth > arguments[0].clientWidth", area)
    assert "sideways" in area.find_element(By.XPATH, "..").get_attribute("class"), "and it says so"
    narrow = table(page, "Versions and hardware").find_element(By.XPATH, "..")
    stop = lambda: narrow.get_attribute("tabindex")  # noqa: E731
    WebDriverWait(page, 5).until(lambda _: stop() is None, "nothing to scroll, no stop of the tabulator key")


def test_all_parts_open_and_close_at_once(page):
    button = page.find_element(By.CSS_SELECTOR, "button.all")
    button.click()
    WebDriverWait(page, 5).until(lambda _: button.text == "Close all")
    shown = lambda: [part.is_displayed() for part in page.find_elements(By.CSS_SELECTOR, "details.part figure")]  # noqa: E731
    assert all(shown())
    assert button.text == "Close all"
    button.click()
    assert not any(shown())
    WebDriverWait(page, 5).until(lambda _: button.text == "Open all")
    button.click()
    assert all(shown())


def test_a_link_of_the_contents_opens_a_closed_part(page):
    link = page.find_elements(By.CSS_SELECTOR, "nav ol ol a")[-1]
    link.click()
    part = page.find_element(By.ID, link.get_attribute("hash")[1:])
    WebDriverWait(page, 5).until(lambda _: part.is_displayed())
    assert 0 <= page.execute_script("return arguments[0].getBoundingClientRect().top", part) < 900


def pdf_of(browser):
    made = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": False, "preferCSSPageSize": True})
    return PdfReader(io.BytesIO(base64.b64decode(made["data"])))


@pytest.mark.parametrize("script", [True, False])
def test_print_is_light_and_whole_though_parts_are_closed(browser, report, script):
    document, folder = report
    page = load(browser, folder, scheme="dark")
    opened = page.find_elements(By.CSS_SELECTOR, "main details[open]")
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})  # the style does it alone
    try:
        text = "".join(sheet.extract_text() for sheet in pdf_of(page).pages)
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    bare = "".join(unicodedata.normalize("NFKC", text).split())  # letters that printers join, apart again
    for section in document.sections:
        assert "".join(section.title.split()) in bare
    for element in document.elements:
        if not isinstance(element, Text | Terms):
            assert "".join(element.title.split()) in bare
    for report_table in document.tables:
        for cell in (cell for row in report_table.cells for cell in row):
            assert "".join(cell.split()) in bare
    for button in ("Enlarge", "LaTeX", "Parquet", "Closeall", "Openall", "Hideall", "Compare"):
        assert button not in bare
    assert page.find_elements(By.CSS_SELECTOR, "main details[open]") == opened, "closed again"
    page = load(browser, folder, scheme="dark", media="print")
    assert ground(page) == "rgb(255, 255, 255)"


def test_it_can_be_read_without_scripts(page):
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.refresh()
        WebDriverWait(page, 10).until(lambda _: page.find_elements(By.ID, "viewer"))  # the last element
        for part in page.find_elements(By.CSS_SELECTOR, "main details:not([open]) > summary"):
            part.click()
        shown = [part.is_displayed() for part in page.find_elements(By.CSS_SELECTOR, "figure svg, table, h2, nav")]
        assert len(shown) > 15
        assert all(shown)
        useless = "button, select, input"
        assert not any(one.is_displayed() for one in page.find_elements(By.CSS_SELECTOR, useless))
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.skipif(AXE is None, reason="needs CNNJOBS_AXE, the path of axe.min.js (npm: axe-core)")
@pytest.mark.parametrize(
    ("scheme", "width", "first"),
    [
        ("light", 1280, ""),
        ("light", 390, "document.querySelectorAll('details').forEach((part) => { part.open = true })"),
        ("dark", 1280, "document.getElementById('unfold').click(); document.querySelector('thead button').click()"),
        ("dark", 1280, "document.querySelector('#variants input').click()"),
        ("dark", 390, "document.querySelector('.enlarge').click()"),
    ],
    ids=["light, folded", "light, all open", "dark, open and sorted", "dark, one hidden", "dark, enlarged"],
)
def test_axe_finds_nothing(browser, report, scheme, width, first):
    page = load(browser, report[1], scheme=scheme, width=width)
    page.execute_script(first)
    page.execute_script(Path(AXE).read_text(encoding="utf-8"))
    found = page.execute_async_script("axe.run(document).then(arguments[arguments.length - 1])")
    assert len(found["passes"]) > 10
    told = [(one["id"], one["help"], [node["target"] for node in one["nodes"]][:5]) for one in found["violations"]]
    assert told == []
