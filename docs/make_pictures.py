"""Makes the pictures of reports that README and docs show, from the results in docs/gallery/results; needs Chromium.

python docs/make_pictures.py
"""

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from selenium import webdriver

import cnnjobs

DOCS = Path(__file__).parent
IMAGES = DOCS / "images"
WIDTH, HEIGHT = 1280, 1000
"""Pixels of a page that the picture of a report shows, from its top."""

FIGURES = {"quickstart": ("box", "quickstart-box"), "quickstart-decided": ("decisions", "quickstart-decide")}
"""Job -> the figure of its report, and the name of the picture."""


def main() -> None:
    """Write all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        shutil.copytree(DOCS / "gallery" / "results", results)
        for job, (figure, picture) in FIGURES.items():
            report = results / job / "report"
            cnnjobs.compare(cnnjobs.load_results(results / job)).report(formats=("png",))
            shutil.copy(report / "figures" / f"{figure}.png", IMAGES / f"{picture}.png")
            if job == "quickstart":
                (IMAGES / "quickstart-report.png").write_bytes(picture_of(report / "index.html"))


def picture_of(page: Path) -> bytes:
    """Return the top of a page as PNG of 256 colours."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get(page.as_uri())
        browser.execute_script("document.getElementById('s-setup').remove()")  # the first figure comes into sight
        shown = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    finally:
        browser.quit()
    file = io.BytesIO()
    shown.quantize(256).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
