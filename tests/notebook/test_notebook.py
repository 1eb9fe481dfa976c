"""A job in a notebook: defined in cells, submitted, shown, submitted again, edited. In a kernel of its own."""

import os
import sys

import nbformat
import pytest
from nbclient import NotebookClient

NETWORK = """
def small(input_shape, classes, width=4):
    import keras

    return keras.Sequential([
        keras.layers.Input(input_shape),
        keras.layers.Flatten(),
        block(width),
        keras.layers.Dense(classes, activation="softmax"),
    ])
"""
BLOCK = """
import cnnjobs
from cnnjobs import Job, SGD, Variant, custom

def block(width):
    import keras

    return keras.layers.Dense(width, activation="relu")
"""
JOB = """
base = Variant(model=custom(small), optimizer=SGD(0.1), epochs=1, batch_size=50)
job = Job(name="cells", dataset="digits", repeats=2, variants={
    "narrow": base, "wide": base.but(model=custom(small, width=9)),
})
"""
SUBMIT = (
    'comparison = cnnjobs.submit(job, limit_train=200, cpus_per_trial=1, max_concurrent=1, address="local")\ncomparison'
)
COUNT = 'sorted(cnnjobs.load_results("results").trials.trial_id)'


class Kernel:
    """A notebook that is written as it runs."""

    def __init__(self, client):
        self._client = client

    def run(self, source):
        """Run a cell; return what it shows: a list of outputs."""
        self._client.nb.cells.append(nbformat.v4.new_code_cell(source))
        place = len(self._client.nb.cells) - 1
        return self._client.execute_cell(self._client.nb.cells[place], place).outputs

    def value(self, source):
        """Run a cell; return the text of its value."""
        return self.run(source)[-1]["data"]["text/plain"]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    client = NotebookClient(
        nbformat.v4.new_notebook(), timeout=400, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.create_kernel_manager()
    client.km.kernel_cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    with client.setup_kernel(cwd=str(folder), env={**os.environ, "CNNJOBS_CACHE": str(folder / "cache")}):
        yield Kernel(client)


def text_of(outputs):
    """What a cell shows as text, its living line and messages among it."""
    return "\n".join(
        [*(o.get("text", "") for o in outputs), *(str(o.get("data", {}).get("text/plain", "")) for o in outputs)]
    )


@pytest.fixture(scope="module")
def submitted(kernel):
    for source in (BLOCK, NETWORK, JOB):
        kernel.run(source)
    return kernel.run(SUBMIT)


def test_a_submit_shows_how_far_it_is_and_then_the_table_and_the_box_plot(submitted):
    shown = submitted[-1]["data"]["text/html"]
    assert "<caption>cells: test accuracy (%) over the runs</caption>" in shown
    assert "<td>narrow</td><td>2/2</td>" in shown
    assert "data:image/png;base64," in shown
    assert "4/4 done" in text_of(submitted)
    assert not [output for output in submitted if output.get("name") == "stderr" and "WARNING" in output["text"]]


def test_the_same_cell_again_runs_nothing_and_an_edit_of_what_a_network_uses_does(submitted, kernel):
    before = kernel.value(COUNT)
    again = text_of(kernel.run(SUBMIT))
    assert kernel.value(COUNT) == before
    assert "done" not in again
    assert kernel.value("len(cnnjobs.plan(job, limit_train=200).missing)") == "0"
    kernel.run(BLOCK.replace('"relu"', '"tanh"'))
    assert kernel.value("len(cnnjobs.plan(job, limit_train=200).missing)") == "4", "and is seen before anything runs"
    kernel.run(SUBMIT.replace("\ncomparison", " "))
    assert kernel.value("len(cnnjobs.load_results('results', stale=True).trials)") == "8"


def test_frames_reports_and_the_status_are_locally_available(submitted, kernel):
    assert kernel.value("list(comparison.summary.variant)") == "['narrow', 'wide']"
    assert kernel.value("len(comparison.differences)") == "1"
    page = kernel.value("comparison.report(predictions=False)[0]").strip("'")
    assert page.endswith("results/cells/report/index.html")
    assert "cells" in kernel.value("print(cnnjobs.status()) or str(cnnjobs.status())")
    html = kernel.run("cnnjobs.status()")[-1]["data"]["text/html"]
    assert "<td>narrow</td>" in html


def test_a_mistake_is_one_error_that_names_the_argument(submitted, kernel):
    shown = kernel.value(
        "try: cnnjobs.submit(job, only='none')\nexcept cnnjobs.errors.UserError as error: said = str(error)\nsaid"
    )
    assert "`only` must be a variant of cells: narrow, wide. Received: 'none'." in shown


def test_a_function_in_a_cell_is_a_data_set(kernel):
    for source in (BLOCK, NETWORK, JOB):
        kernel.run(source)
    kernel.run(
        "import numpy as np\n"
        "pictures, labels = np.arange(120 * 64).reshape(120, 8, 8) % 251, np.arange(120) % 3\n"
        "def load_mine():\n"
        "    return (pictures[:90], labels[:90]), (pictures[90:], labels[90:])"
    )
    plan = 'print(cnnjobs.plan(job.but(name="mine", dataset=load_mine)))'
    assert "load_mine: 90 training and 30 test images of 3 classes" in text_of(kernel.run(plan))
    kernel.run("def load_mine():\n    return pictures[:, 99], labels")
    wrong = plan.replace("print(", "try:\n    print(") + "\nexcept cnnjobs.errors.UserError as error:\n    print(error)"
    assert "load_mine() (a cell, line 2) raised IndexError" in text_of(kernel.run(wrong))
