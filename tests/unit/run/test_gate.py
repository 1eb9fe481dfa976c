"""The gate from its command line: answers as exit codes, the ledger, and what people bring that is not a question."""

import json
from itertools import pairwise

import pytest
from support.documents import document
from support.fakes import StopAfter
from support.gates import VARIANTS, gate_in, points

from cnnjobs.comparison.shown import shown_table
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.store.files import Files
from cnnjobs.store.ledger import Ledger
from cnnjobs.store.store import Store

BETTER = [0.6, 0.1, 0.9, 0.4, -0.1, 0.7, 0.5, 0.8, 0.3, 0.6, 0.4, 0.2]
WORSE = [-0.5, -0.2, -0.9, 0.1, -0.6, -0.7, -0.4, -0.8, -0.3, -0.6]
NULL = [0.3, -0.2, 0.1, -0.4, 0.2, 0, -0.1, 0.5, -0.3, 0.1, 0.2, -0.2, 0.4, -0.1, 0, 0.1, -0.3, 0.2, 0.1, -0.1]
OUTCOMES = points({"wider": BETTER, "other": NULL})


def ask(folder, *words, outcomes=OUTCOMES, **options):
    """Ask a gate that answers in JSON; return exit code and document."""
    done = gate_in(folder, *words, "--format", "json", outcomes=outcomes, **options)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, document(done.stdout)


def test_a_better_candidate_passes_after_the_pairs_that_the_rule_takes(tmp_path):
    ran = []
    code, found = ask(tmp_path, "--candidate", "wider", ran=ran)
    assert code == 0
    assert (found["verdict"], found["accepted"], found["pairs"]) == ("better", True, 8)
    assert found["sequential_p"] == pytest.approx(0.038354, abs=1e-6)
    assert (found["low"], found["high"]) == pytest.approx((0.00029787, 0.00945213), abs=1e-7)
    assert found["mean_allowing_for_stop"] == pytest.approx(0.00458, abs=5e-5)
    assert (found["trials_run"], found["error"]) == (16, None)
    assert sorted(ran) == sorted([(name, repeat) for name in ("base", "wider") for repeat in range(8)])


def test_a_worse_candidate_is_told_by_the_exit_code_and_is_no_error(tmp_path):
    code, found = ask(tmp_path, "--candidate", "wider", outcomes=points({"wider": WORSE}))
    assert code == 1
    assert (found["verdict"], found["accepted"], found["pairs"]) == ("worse", False, 8)
    assert found["error"] is None


def test_an_equal_candidate_is_decided_as_not_better(tmp_path):
    assert ask(tmp_path, "--candidate", "other", "--margin", "0.5")[0] == 1
    code, found = ask(tmp_path, "--candidate", "other", "--margin", "0.5", "--no-worse")
    assert code == 0
    assert (found["verdict"], found["margin"], found["no_worse"]) == ("not_worse", 0.005, True)


def test_no_worse_looks_at_one_end_of_the_same_interval(tmp_path):
    """The candidate is worse by a little: not by the margin, though an ordinary gate would refuse it."""
    slightly = points({"wider": [value / 10 - 0.2 for value in NULL]})
    asked = ("--candidate", "wider", "--margin")
    code, found = ask(tmp_path, *asked, "0.5", "--no-worse", outcomes=slightly)
    assert code == 0
    assert found["high"] < 0
    assert found["low"] > -0.005
    assert ask(tmp_path, *asked, "0.05", "--no-worse", outcomes=slightly)[0] == 1
    assert ask(tmp_path, "--candidate", "wider", outcomes=slightly)[0] == 1


def test_undecided_is_neither_yes_nor_no_and_more_repeats_go_on(tmp_path):
    ran = []
    code, found = ask(tmp_path, "--candidate", "wider", "--most-repeats", "7", ran=ran)
    assert (code, found["verdict"], found["pairs"]) == (3, "undecided", 7)
    assert len(ran) == 14
    code, found = ask(tmp_path, "--candidate", "wider", ran=ran)
    assert (code, found["pairs"]) == (0, 8)
    assert len(ran) == len(set(ran)) == 16


def test_a_hopeless_candidate_is_given_up_early(tmp_path):
    code, found = ask(tmp_path, "--candidate", "other")
    assert (code, found["verdict"], found["pairs"]) == (3, "given_up", 5)


def test_a_candidate_that_always_diverges_has_no_pairs(tmp_path):
    code, found = ask(tmp_path, "--candidate", "wider", outcomes=points({"wider": [None] * 40}))
    assert (code, found["verdict"], found["diverged"]) == (3, "no_pairs", {"candidate": 5, "reference": 0})


def failing(variant, repeat):
    """The third repeat of the candidate raises."""
    if (variant, repeat) == ("wider", 2):
        raise RuntimeError("no such layer")
    return OUTCOMES(variant, repeat)


def test_a_trial_that_fails_is_no_answer(tmp_path):
    code, found = ask(tmp_path, "--candidate", "wider", "--ledger", "ledger.jsonl", outcomes=failing)
    assert code == 4
    assert (found["verdict"], found["failed_repeat"]) == ("open", 2)
    assert (found["error"]["kind"], found["error"]["exit_code"]) == ("TrialsFailed", 4)
    code, found = ask(tmp_path, "--candidate", "wider", "--ledger", "ledger.jsonl")  # mended
    assert (code, found["proposal"]["number"], found["verdict"]) == (0, 1, "better")


def test_a_defect_of_the_program_is_no_answer(tmp_path, monkeypatch):
    monkeypatch.setattr("cnnjobs.run.gate.judge", lambda *_: 1 / 0)
    assert gate_in(tmp_path, "--candidate", "wider", outcomes=OUTCOMES).exit_code == 4


def test_a_cluster_that_is_lost_is_no_answer(tmp_path):
    from cnnjobs.errors import ClusterLost

    class Lost(InlineEngine):
        def run(self, work, on_message):
            raise ClusterLost("It is gone.")

    code, found = ask(tmp_path, "--candidate", "wider", engine=Lost())
    assert (code, found["error"]["kind"], found["error"]["exit_code"]) == (4, "ClusterLost", 4)
    done = gate_in(tmp_path, outcomes=OUTCOMES, engine=Lost(), command="submit")
    assert done.exit_code == 1  # as ever


def test_an_interrupted_gate_is_charged_once_and_goes_on(tmp_path):
    words = ("--candidate", "wider", "--ledger", "ledger.jsonl")
    ran = []
    done = gate_in(tmp_path, *words, outcomes=OUTCOMES, engine=StopAfter(7), ran=ran)
    assert done.exit_code == 130
    assert [one.ending for one in Ledger(tmp_path / "ledger.jsonl").read().proposals] == [None]
    code, found = ask(tmp_path, *words, ran=ran)
    assert (code, found["proposal"]["number"]) == (0, 1)
    assert len(ran) == len(set(ran))
    assert len(Ledger(tmp_path / "ledger.jsonl").read().proposals) == 1


def test_a_proposal_is_written_before_it_is_tested(tmp_path):
    seen = []

    def looking(variant, repeat):
        seen.append(len(Ledger(tmp_path / "ledger.jsonl").read().proposals))
        return OUTCOMES(variant, repeat)

    ask(tmp_path, "--candidate", "wider", "--ledger", "ledger.jsonl", outcomes=looking)
    assert set(seen) == {1}


def test_an_accepted_candidate_is_measured_again_on_repeats_that_did_not_decide(tmp_path):
    lucky = points({"wider": [*BETTER[:10], 0.1, 0.2, 0.3, 0.2, 0.1, 0.3]})
    code, found = ask(tmp_path, "--candidate", "wider", "--ledger", "ledger.jsonl", outcomes=lucky)
    assert (code, found["repeats"]) == (0, 10)
    fresh = found["confirmation"]
    assert (fresh["first_repeat"], fresh["last_repeat"], fresh["runs"]) == (10, 14, 5)
    assert fresh["mean"] == pytest.approx(0.8018)
    kept = Ledger(tmp_path / "ledger.jsonl").read().proposals[0]
    assert kept.confirmation.mean == fresh["mean"]
    assert kept.ending.mean == pytest.approx(0.0048)  # the difference that decided stays in the record


def test_fresh_repeats_can_be_left_out_or_asked_for_without_a_ledger(tmp_path):
    _, found = ask(tmp_path, "--candidate", "wider", "--ledger", "ledger.jsonl", "--confirm", "0")
    assert found["confirmation"] is None
    _, found = ask(tmp_path, "--candidate", "wider", "--confirm", "2")
    assert (found["repeats"], found["confirmation"]["first_repeat"], found["confirmation"]["runs"]) == (8, 8, 2)


def test_the_next_proposal_meets_the_champion_on_other_seeds(tmp_path):
    ask(tmp_path, "--candidate", "wider", "--ledger", "ledger.jsonl")
    ran = []
    words = ("--candidate", "other", "--reference", "wider", "--ledger", "ledger.jsonl")
    _, found = ask(tmp_path, *words, ran=ran)
    assert found["first_repeat"] == 10
    assert {repeat for variant, repeat in ran if variant == "other"} >= set(range(10, 15))
    assert not any(variant == "wider" and repeat < 15 for variant, repeat in ran)  # its fresh repeats serve
    assert min(repeat for _, repeat in ran) == 10


def test_a_decided_proposal_is_answered_without_its_runs(tmp_path):
    words = ("--candidate", "wider", "--ledger", "ledger.jsonl")
    _, before = ask(tmp_path, *words)
    ran = []
    code, found = ask(tmp_path, *words, "--results", "elsewhere", ran=ran)
    assert (code, found["verdict"], found["pairs"]) == (0, "better", before["pairs"])
    assert all(found[name] == before[name] for name in ("mean", "low", "high", "sequential_p"))
    assert found["proposal"]["decided_earlier"]
    assert any("was decided before" in one for one in found["notes"])
    assert {variant for variant, _ in ran} == {"wider"}  # measured again: that is not there either
    assert min(repeat for _, repeat in ran) == before["repeats"]


def test_other_runs_in_the_place_of_those_that_decided_change_no_decision(tmp_path):
    words = ("--candidate", "wider", "--ledger", "ledger.jsonl")
    ask(tmp_path, *words)
    worse = points({"wider": WORSE})
    ask(tmp_path, "--candidate", "wider", "--results", "elsewhere", outcomes=worse)
    code, found = ask(tmp_path, *words, "--results", "elsewhere", outcomes=worse)
    assert (code, found["verdict"]) == (0, "better")
    assert any("missing, damaged or replaced" in one for one in found["notes"])


def test_levels_fall_while_nothing_is_accepted_and_so_more_repeats_are_allowed(tmp_path):
    variants = '"base": base, ' + ", ".join(f'"v{i}": base.but(batch_size={5 + i})' for i in range(3))
    found = [
        ask(tmp_path, "--candidate", f"v{i}", "--ledger", "l.jsonl", variants=variants, outcomes=points({}))[1]
        for i in range(3)
    ]
    assert all(a["alpha"] > b["alpha"] for a, b in pairwise(found))
    assert all(a["most_repeats"] < b["most_repeats"] for a, b in pairwise(found))


def test_other_variants_of_the_job_are_left_alone(tmp_path):
    """A gate trains two variants; the job is kept with all of them and with the repeats that it had."""
    gate_in(tmp_path, outcomes=OUTCOMES, command="submit")
    before = (tmp_path / "results/tiny/job.json").read_text()
    ran = []
    ask(tmp_path, "--candidate", "wider", ran=ran)
    assert {variant for variant, _ in ran} == {"base", "wider"}
    assert {repeat for _, repeat in ran} == {5, 6, 7}  # stored repeats count
    assert (tmp_path / "results/tiny/job.json").read_text() == before


def test_a_report_without_the_rule_says_how_often_the_rule_has_looked(tmp_path):
    """The ordinary test of a job whose repeats a gate has ended is a test after four looks, not after one."""
    ask(tmp_path, "--candidate", "wider")
    table = shown_table(Store(Files(tmp_path / "results" / "tiny")))
    assert table.looked.pairs["wider"] == (5, 6, 7, 8)
    assert any("looked at 4 times" in note for note in table.looked.notes())
    looks = [path.stat().st_mtime_ns for path in sorted((tmp_path / "results/tiny/looks").iterdir())]
    ask(tmp_path, "--candidate", "wider")  # sees nothing new
    assert [path.stat().st_mtime_ns for path in sorted((tmp_path / "results/tiny/looks").iterdir())] == looks
    ask(tmp_path, "--candidate", "other", "--reference", "wider")  # no comparison of the report
    assert shown_table(Store(Files(tmp_path / "results" / "tiny"))).looked.times("wider") == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Missing option '--candidate'"),
        (("--candidate", "none"), "`--candidate` must be a variant of tiny: base, wider, other"),
        (("--candidate", "base"), "another variant than `--reference`"),
        (("--candidate", "wider", "--reference", "none"), "`--reference` must be a variant of tiny"),
        (("--candidate", "wider", "--reference", "wider"), "another variant than `--reference`"),
        (("--candidate", "wider", "--no-worse"), "`--no-worse` needs `--margin POINTS`"),
        (("--candidate", "wider", "--margin", "0"), "`--margin` must be a number above 0"),
        (("--candidate", "wider", "--margin", "nan"), "finite"),
        (("--candidate", "wider", "--most-repeats", "4"), "--most-repeats"),
        (("--candidate", "wider", "--most-repeats", "101"), "--most-repeats"),
        (("--candidate", "wider", "--confirm", "-1"), "--confirm"),
        (("--candidate", "wider", "--ledger", ""), "--ledger"),
        (("--candidate", "wider", "--ledger", "s3://bucket/l"), "`--ledger` must be the path of a file on a disk"),
        (("--candidate", "wider", "--ledger", "job.py"), "is not a ledger of cnnjobs"),
        (("--candidate", "wider", "--ledger", "."), "`--ledger FILE`"),
        (("--candidate", "wider", "--address", "http://127.0.0.1:1"), "A gate runs on this machine"),
    ],
)
def test_what_is_no_question_is_refused_before_anything_is_written(tmp_path, words, said):
    done = gate_in(tmp_path, *words, outcomes=OUTCOMES)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("folds=2", "needs independent repeats"),
        ("vary=()", "needs repeats that differ"),
        ("vary={'base': ('init',), 'wider': ('order',), 'other': ('init',)}", "same sources of chance"),
    ],
)
def test_jobs_without_pairs_are_refused_and_not_charged(tmp_path, change, said):
    done = gate_in(
        tmp_path, "--candidate", "wider", "--ledger", "l.jsonl", outcomes=OUTCOMES, change=f"repeats=5, {change}"
    )
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (tmp_path / "l.jsonl").exists()


def test_a_margin_below_one_test_image_is_allowed_and_said(tmp_path):
    done = gate_in(tmp_path, "--candidate", "other", "--margin", "0.1", outcomes=OUTCOMES)
    assert "The margin of 0.10 points is less than one of 359 test images is worth, 0.28 points" in done.stderr


def test_what_can_hardly_be_reached_is_said_before_anything_runs(tmp_path):
    """One of five runs of the reference errs: what is left to gain is less than what its spread lets anybody see."""

    def outcomes(variant, repeat):
        return 1.0 - 0.01 * (repeat == 0)

    options = {"outcomes": outcomes, "variants": f'{VARIANTS} "more": base.but(batch_size=7),'}
    gate_in(tmp_path, "--candidate", "other", **options)
    done = gate_in(tmp_path, "--candidate", "wider", "--ledger", "l.jsonl", **options)
    assert "the candidate can hardly be accepted" in done.stderr
    done = gate_in(tmp_path, "--candidate", "more", "--margin", "0.05", "--no-worse", **options)
    assert "can hardly be reached with 100 repeats" in done.stderr


def test_the_text_has_one_sentence_of_the_answer_on_standard_output(tmp_path):
    done = gate_in(tmp_path, "--candidate", "wider", outcomes=OUTCOMES)
    assert done.stdout == (
        "wider is better than base, by 0.49 points after 8 pairs; 95% interval [+0.03, +0.95], which holds however "
        "often one looks; sequential p 0.038 against 0.05; allowing for the stop about +0.46 points.\n"
    )
    assert "is wider better than base? 5 to 20 repeats of each; at most 2.5% wrong yes" in done.stderr
    words = ("--candidate", "wider", "--most-repeats", "7", "--results", "other")
    done = gate_in(tmp_path, *words, outcomes=OUTCOMES)
    assert "`--most-repeats 14` goes on from here" in done.stdout


def test_a_ledger_is_json_lines(tmp_path):
    ask(tmp_path, "--candidate", "wider", "--ledger", "ledger.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert [line.get("event") for line in lines] == [None, "proposal", "ending", "confirmation"]
