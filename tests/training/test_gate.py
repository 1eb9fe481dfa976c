"""A gate on real networks: one that learns more passes after five pairs, and is measured again."""

import pytest

import cnnjobs
from cnnjobs import Job, Variant, mlp
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.store.ledger import Ledger

NARROW = Variant(model=mlp(dense=(2,)), epochs=1, batch_size=64)
JOB = Job(name="width", dataset="digits", variants={"narrow": NARROW, "wide": NARROW.but(model=mlp(dense=(64,)))})


def test_a_wide_network_passes_and_its_figure_is_of_fresh_seeds(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("cnnjobs.run.backends.open_engine", lambda **_: InlineEngine())
    ledger = tmp_path / "ledger.jsonl"
    options = {"candidate": "wide", "ledger": ledger, "confirm": 2, "address": "local"}
    answer = cnnjobs.gate(JOB, tmp_path / "results", **options)
    assert (answer.accepted, answer.verdict, answer.exit_code) == (True, "better", 0)
    assert answer.judgement.decision.pairs < 10
    runs = (
        cnnjobs.load_results(tmp_path / "results").trials.set_index(["variant", "repeat"])["test_accuracy"].sort_index()
    )
    used = answer.judgement.decision.repeats
    assert answer.confirmation.repeats == (used, used + 1)
    assert answer.confirmation.mean == pytest.approx(runs["wide"][used : used + 2].mean())
    assert answer.judgement.decision.mean == pytest.approx((runs["wide"][:used] - runs["narrow"][:used]).mean())
    assert Ledger(ledger).read().proposals[0].confirmation == answer.confirmation
    assert str(answer).startswith("wide is better than narrow, by ")
    capsys.readouterr()
    again = cnnjobs.gate(JOB, tmp_path / "results", **options)
    assert (again.tried, str(again)) == (0, str(answer))
    assert "repeat 1:" not in capsys.readouterr().err
