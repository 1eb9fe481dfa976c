"""What a submit meets: another that was quicker by a hair, numbers of NumPy's, names of another alphabet."""

import json

import numpy as np
import pytest
from PIL import Image
from support.fakes import submit_in

from cnnjobs.run.runner import Runner


@pytest.fixture
def overtaken(monkeypatch):
    """Have another submit run so many repeats while the first one waits for nodes, before it claims the store."""

    def make(tmp_path, repeats):
        real, others = Runner.trial_resources, []

        def trial_resources(self, prepared, trials):
            if not others:
                others.append(True)
                others.append(submit_in(tmp_path, "--repeats", str(repeats)))
            return real(self, prepared, trials)

        monkeypatch.setattr(Runner, "trial_resources", trial_resources)
        return others

    return make


def test_a_submit_that_finds_everything_done_after_its_claim_has_nothing_to_run(overtaken, tmp_path):
    others = overtaken(tmp_path, repeats=5)
    done = submit_in(tmp_path)
    assert others[1].exit_code == 0, others[1].output
    assert done.exit_code == 0, done.output
    assert "Nothing to run: every trial of tiny that was asked for is stored." in done.stdout
    assert "one" in done.stdout, "and the comparison is shown"
    assert not list((tmp_path / "results" / "tiny").glob("running-*"))


def test_a_submit_that_finds_some_done_after_its_claim_counts_the_others(overtaken, tmp_path):
    overtaken(tmp_path, repeats=2)
    done = submit_in(tmp_path)
    assert done.exit_code == 0, done.output
    assert "tiny: 6 trials (4 of 10 not asked for or stored already)" in done.stderr
    assert "[6/6] " in done.stderr


def test_numbers_of_numpys_are_numbers(tmp_path):
    def change(text):
        options = "seed=np.int64(3), folds=np.int64(2), replicas=np.int32(1), repeats=np.int8(2)"
        return "import numpy as np\n" + text.replace('name="tiny"', f'name="tiny", {options}').replace(
            ", repeats=5", ""
        )

    done = submit_in(tmp_path, "--only", "one", change=change)
    assert done.exit_code == 0, done.output
    kept = json.loads((tmp_path / "results" / "tiny" / "job.json").read_text())
    assert (kept["seed"], kept["protocol"]["folds"], kept["repeats"]) == (3, 2, 2)

    def other(text):
        return "import numpy as np\n" + text.replace('name="tiny"', 'name="tiny2", validation=np.float32(0.25)')

    assert submit_in(tmp_path, "--only", "one", change=other).exit_code == 0


def test_a_picture_that_cannot_be_read_is_named_whatever_its_alphabet(tmp_path):
    for label in ("cat", "dog"):
        folder = tmp_path / "photos" / label
        folder.mkdir(parents=True)
        for index in range(6):
            Image.fromarray(np.full((8, 8, 3), 40 * index, np.uint8)).save(folder / f"{index}.png")
    try:
        (tmp_path / "photos" / "cat" / "k\udcfcche.jpg").write_bytes(b"cut short")
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    done = submit_in(tmp_path, "--only", "one", "--repeats", "1", dataset="photos", change=lambda text: text)
    assert done.exit_code == 0, done.output
    assert "photos: 1 picture " in done.stderr
    assert "che.jpg" in done.stderr
