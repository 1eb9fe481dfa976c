"""Two submits of the same job, one after the other by a hair."""

import pytest
from fakes import submit_in

from cnnjobs.cli.running import Runner


@pytest.fixture
def overtaken(monkeypatch):
    """Have another submit run so many repeats while the first one waits for nodes, before it claims the store."""

    def make(tmp_path, repeats):
        real, others = Runner.slot, []

        def slot(self, prepared, trials):
            if not others:
                others.append(True)
                others.append(submit_in(tmp_path, "--repeats", str(repeats)))
            return real(self, prepared, trials)

        monkeypatch.setattr(Runner, "slot", slot)
        return others

    return make


def test_a_submit_that_finds_everything_done_after_its_claim_has_nothing_to_run(overtaken, tmp_path):
    others = overtaken(tmp_path, repeats=5)
    done = submit_in(tmp_path)
    assert others[1].exit_code == 0, others[1].output
    assert done.exit_code == 0, done.output
    assert "Nothing to run: every trial of tiny that was asked for is stored." in done.stdout
    assert "one" in done.stdout, "and the comparison is shown"
    assert not (tmp_path / "results" / "tiny" / "running.json").exists()


def test_a_submit_that_finds_some_done_after_its_claim_counts_the_others(overtaken, tmp_path):
    overtaken(tmp_path, repeats=2)
    done = submit_in(tmp_path)
    assert done.exit_code == 0, done.output
    assert "tiny: 6 trials (4 of 10 not asked for or stored already)" in done.stderr
    assert "[6/6] " in done.stderr
