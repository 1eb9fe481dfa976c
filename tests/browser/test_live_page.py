"""The page of a submit in a real Chromium, while a real job trains: what one sees from its first epoch to its end."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from support.commands import WITHOUT_RAY

PROGRAMS = ("chromium", "chromedriver")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
AXE = os.environ.get("CNNJOBS_AXE")

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)} (Debian: chromium-driver)")

JOB = """
import time
from pathlib import Path

from cnnjobs import SGD, Job, Variant, callback, vgg

HELD = {held!r}


def held(trial, folder, breaks):
    import keras

    class Held(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if breaks and (trial.repeat, epoch) in ((0, 2), (3, 5)):
                raise RuntimeError("<b>on purpose</b>")
            name, until = f"{{trial.variant}}-{{trial.repeat}}-{{epoch + 1}}", time.monotonic() + 100
            while name in HELD and not Path(folder, name).exists() and time.monotonic() < until:
                time.sleep(0.02)

    return Held()


base = Variant(model=vgg(blocks=1, filters=2, dense=4), optimizer=SGD(0.01), epochs=8, batch_size=64)

job = Job(name="shown", dataset="digits", repeats=4, variants={{
    "base": base.but(callbacks=(callback(held, folder={folder!r}, breaks=False),)),
    "broken": base.but(callbacks=(callback(held, folder={folder!r}, breaks=True),)),
}})
"""

FIRST, SECOND, THIRD, FOURTH, LAST = HELD = ("base-0-3", "base-0-6", "broken-0-1", "broken-1-1", "broken-3-4")
"""Variant, repeat and epoch at which a trial waits for a file of that name, so that the page is looked at meanwhile."""


class Seen:
    """What a browser shows of a submit, noted down while it runs.

    Args:
        browser: that looks.
        process: of the submit.
        url: of its page.
        results: folder of the job.
    """

    def __init__(self, browser, process, url, results):
        self.browser, self.process, self.url, self.results = browser, process, url, results

    def wait(self, holds, seconds=60):
        again = WebDriverWait(self.browser, seconds, 0.1, ignored_exceptions=[StaleElementReferenceException])
        return again.until(lambda _: holds())

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """Return what is read there, in one step: the page replaces rows while it is looked at."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script, *words):
        return self.browser.execute_script(script, *words)

    def go_on(self, held):
        """Let a trial go on that waits."""
        (self.results.parents[1] / held).touch()

    def show(self, width=1280, scheme="light"):
        """Look at the same page on another screen; it is not loaded again."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        motion = {"name": "prefers-reduced-motion", "value": "reduce"}
        features = [{"name": "prefers-color-scheme", "value": scheme}, motion]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
        self.wait(lambda: self.run("return innerWidth") == width)
        time.sleep(0.3)  # charts are drawn anew for that width


@pytest.fixture(scope="module")
def seen(chromium, tmp_path_factory):
    """A submit that trains in a process of its own, and the browser on the page that it serves."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "job.py").write_text(JOB.format(held=HELD, folder=str(folder)))
    for kind in ("browser", "performance"):
        chromium.get_log(kind)  # what was before
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(
            [*WITHOUT_RAY, "submit", "job.py", "--watch", "--max-concurrent", "1", "--cpus-per-trial", "1"],
            cwd=folder, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            until = time.monotonic() + 90
            while not (found := re.search(r"watch: (http://127\.0\.0\.1:\d+/\S+/)", (folder / "said").read_text())):
                assert process.poll() is None, (folder / "said").read_text()
                assert time.monotonic() < until
                time.sleep(0.1)
            seen = Seen(chromium, process, found[1], folder / "results" / "shown")
            seen.said = folder / "said"
            chromium.get(found[1])
            seen.show()
            yield seen
        finally:
            process.terminate()
            process.wait(30)


def axe(seen):
    if AXE is None:
        return
    seen.run(Path(AXE).read_text(encoding="utf-8"))
    found = seen.browser.execute_async_script("axe.run(document).then(arguments[arguments.length - 1])")
    assert len(found["passes"]) > 10
    assert [(one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found["violations"]] == []


def test_a_curve_is_seen_to_grow_while_its_trial_runs(seen):
    drawn = "return document.querySelector('#trials .chart path')?.getAttribute('d').match(/[ML]/g).length"
    seen.wait(lambda: seen.run(drawn) == 3)
    assert seen.text("#state") == "Running."
    assert seen.text("#trials h3") == "base, repeat 1"
    assert re.match(r"epoch 3 of 8\s+accuracy \d+\.\d%", seen.text("#trials p"))
    assert len(seen.all("#chart path")) == 2, "of training and validation rows"
    assert not seen.find("#comparison").is_displayed(), "there is nothing to compare yet"
    seen.go_on(FIRST)
    seen.wait(lambda: seen.run(drawn) == 6)


def test_finished_runs_become_a_band_and_a_mean_of_their_variant(seen):
    seen.go_on(SECOND)
    seen.wait(lambda: "4 of 4" in seen.text("#table tbody tr"))
    assert re.search(r"base\s+\d+\.\d\d\s+\d+\.\d\d\s+4 of 4", seen.text("#table tbody tr"))
    seen.wait(lambda: "base: 4 runs, median" in seen.find("#chart svg").get_attribute("aria-label"))
    bands, button = "return document.querySelectorAll('#chart .band').length", seen.all("#legend button")[0]
    before = seen.run(bands)
    button.send_keys(Keys.ENTER)
    assert button.get_attribute("aria-pressed") == "false"
    seen.wait(lambda: seen.run(bands) == before - 1)
    button.send_keys(Keys.SPACE)
    seen.wait(lambda: seen.run(bands) == before)
    seen.all("#metrics input")[0].click()
    seen.wait(lambda: seen.find("#chart svg").get_attribute("aria-label").startswith("accuracy"))
    seen.go_on(THIRD)


def test_a_trial_that_fails_is_shown_with_its_log_as_text(seen):
    seen.wait(lambda: seen.find("#failed").is_displayed())
    summary = seen.find("#failures summary")
    assert "broken, repeat 1" in summary.text
    assert "RuntimeError: <b>on purpose</b>" in summary.text
    summary.click()
    assert "Traceback" in seen.text("#failures pre")
    assert not seen.all("#failures b"), "what it raised is no markup"
    assert "failed: RuntimeError" in seen.find("#announced").get_attribute("textContent")
    axe(seen)
    seen.go_on(FOURTH)


def test_the_comparison_is_a_look_when_it_is_asked_for_and_never_before(seen):
    seen.wait(lambda: "2 of 4" in seen.text("#table tbody").split("broken")[1])
    looks = seen.results / "looks"
    assert not looks.exists() or not list(looks.iterdir())
    assert "counts as a look" in seen.text("#comparison-about")
    seen.find("#look").click()
    seen.wait(lambda: seen.all("#compared table"))
    assert "broken" in seen.text("#compared tbody")
    assert len(list(looks.iterdir())) == 1


def test_the_end_is_shown_and_stays_when_the_page_is_no_longer_served(seen):
    read = seen.find("#failures pre")
    seen.run("arguments[0].focus(); arguments[0].scrollTop = 9", read)
    seen.go_on(LAST)
    seen.wait(lambda: len(seen.all("#failures details")) == 2)
    assert seen.run("return document.activeElement") == read, "what is read of one trial stays while another fails"
    assert read.get_property("scrollTop") == 9
    assert seen.process.wait(90) != 0, "trials failed"
    seen.wait(lambda: "The submit has ended" in seen.text("#trouble"))
    assert "2 failed of 8 trials." in seen.text("#line")
    assert not seen.find("#running").is_displayed()
    assert seen.all("#chart .band")
    said = seen.said.read_text()
    assert said.count("watch: ") == 1
    assert "Traceback" not in said
    assert not list(seen.results.glob("live*"))


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1280, "dark"), (320, "light")])
def test_it_fits_every_screen_light_and_dark(seen, width, scheme):
    seen.show(width, scheme)
    assert seen.run("return document.scrollingElement.scrollWidth") <= width
    ground = seen.run("return getComputedStyle(document.documentElement).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}[scheme]
    assert seen.find("#chart svg").rect["width"] <= width
    axe(seen)
    if folder := os.environ.get("CNNJOBS_SCREENS"):
        height = seen.run("return document.documentElement.scrollHeight")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        seen.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        seen.browser.save_screenshot(str(Path(folder, f"live-{width}-{scheme}.png")))


def test_nothing_was_asked_for_from_elsewhere_and_nothing_went_wrong(seen):
    events = [json.loads(entry["message"])["message"] for entry in seen.browser.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    asked = {one["request"]["url"] for one in sent if not one["documentURL"].startswith("chrome:")}
    assert asked - {"data:,"} == {seen.url, f"{seen.url}events", f"{seen.url}look"}
    assert [entry for entry in seen.browser.get_log("browser") if "ERR_" not in entry["message"]] == []
