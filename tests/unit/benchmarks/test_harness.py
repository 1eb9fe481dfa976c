"""The harness of the benchmarks: who runs when, what is kept of it, and what the README says."""

import sys
import time

import pytest

from benchmarks import parts, readme
from benchmarks.__main__ import HOME, main
from benchmarks.commands import Command, busy_share, run
from benchmarks.part import Absent, Goal, Measurement, Part, Settings, Skipped
from benchmarks.parts.trials import tail_begins
from benchmarks.race import order, race
from benchmarks.record import Record, judge

WRITES = "import pathlib, sys; print('the table'); pathlib.Path(sys.argv[1], '1.json').write_text('1')"


def command(folder, code, **options):
    folder.mkdir(parents=True, exist_ok=True)
    return Command([sys.executable, "-c", code, str(folder)], folder, **options)


def record(*rounds):
    made = Record("part")
    for number, one in enumerate(rounds):
        for name, seconds in one.items():
            made.add(Measurement(number, name, {"seconds": seconds}))
    return made


def part(**options):
    settings = {
        "name": "part",
        "about": "About.",
        "contenders": {"a": "one", "b": "other", "c": "third"},
        "measure": iter,
        "minutes": 1,
    }
    return Part(title="A part", **settings | options)


def test_a_command_is_timed_from_outside(tmp_path):
    ran = run(command(tmp_path, WRITES, marks={"table": "the tab.e", "never": "nothing"}), timeout_s=30)
    assert (ran.code, ran.results) == (0, 1)
    assert 0 < ran.last_result_s <= ran.exit_s + 0.02
    assert 0 < ran.marks["table"] <= ran.exit_s
    assert set(ran.marks) == {"table"}
    assert "the table" in ran.screen


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path):
    child = f"import time, pathlib; time.sleep(2); pathlib.Path({str(tmp_path)!r}, 'late.json').write_text('1')"
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)"
    began = time.perf_counter()
    ran = run(command(tmp_path, f"{code}; print('here', flush=True); time.sleep(60)"), timeout_s=0.7)
    assert ran.code is None
    assert time.perf_counter() - began < 15
    time.sleep(max(0.0, began + 2.8 - time.perf_counter()))
    assert not (tmp_path / "late.json").exists()


def test_what_is_under_way_ends_with_an_interrupt(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    began = time.perf_counter()
    monkeypatch.setattr("benchmarks.commands._Screen.follow", interrupted)
    late = f"import time, pathlib; time.sleep(2); pathlib.Path({str(tmp_path)!r}, 'late.json').write_text('1')"
    with pytest.raises(KeyboardInterrupt):
        run(command(tmp_path, late), timeout_s=30)
    time.sleep(max(0.0, began + 2.3 - time.perf_counter()))
    assert not (tmp_path / "late.json").exists()


def test_contenders_alternate_and_one_that_fails_stops_no_other(tmp_path):
    def prepare(code):
        return lambda name: command(tmp_path / name, code)

    def read(ran, at):
        if not ran.results:
            raise ValueError("it wrote nothing:")
        return {"seconds": ran.last_result_s}

    contenders = {
        "good": (prepare(WRITES), read),
        "bad": (prepare("raise SystemExit('no way')"), read),
        "idle": (prepare("pass"), read),
    }
    found = list(race(contenders, rounds=2, timeout_s=30))
    assert [one.contender for one in found] == ["good", "bad", "idle", "bad", "idle", "good"]
    errors = {one.contender: one.found["error"] for one in found if "error" in one.found}
    assert set(errors) == {"bad", "idle"}
    assert "exit code 1" in errors["bad"]
    assert "no way" in errors["bad"]
    assert "it wrote nothing" in errors["idle"]


def test_every_contender_is_first_once_in_as_many_rounds_as_there_are():
    assert {order(("a", "b", "c"), number)[0] for number in range(3)} == {"a", "b", "c"}


def test_ratios_are_within_rounds():
    made = record({"a": 1.0, "b": 2.0}, {"a": 10.0, "b": 20.0}, {"a": 3.0})
    assert made.ratio("a", "b") == 0.5
    assert made.median("a") == 3.0


def test_a_goal_is_judged_against_the_best_of_several_peers():
    made = record({"a": 1.0, "b": 2.0, "c": 4.0})
    judged = judge(Goal("a", 0.45, ("b", "c")), made)
    assert (judged.against, judged.found, judged.reached) == ("b", 0.5, False)
    assert judge(Goal("b", 2, at_least=True), made).reached
    assert judge(Goal("d", 2), made).found is None


def test_the_readme_keeps_what_people_wrote():
    text = "# Benchmarks\n\nMine.\n\n<!-- measured: x -->\nold\n<!-- end: x -->\n\nAlso mine.\n"
    new = readme.replaced(text, "x", "new")
    assert new == text.replace("\nold\n", "\n\nnew\n\n")
    assert readme.replaced(new, "x", "new") == new


def test_a_section_without_a_place_follows_the_last_one():
    text = "# Benchmarks\n\n<!-- measured: x -->\n<!-- end: x -->\n\nMine.\n"
    section = "<!-- measured: y -->\n\nmore\n\n<!-- end: y -->"
    assert readme.replaced(text, "y", "more") == text.replace("Mine.", f"{section}\n\nMine.")
    assert readme.replaced("# Benchmarks\n", "y", "more") == f"# Benchmarks\n\n{section}\n"


def test_a_marker_without_its_end_is_refused():
    with pytest.raises(ValueError, match="without <!-- end: x -->"):
        readme.replaced("<!-- measured: x -->\n", "x", "new")


def test_a_section_names_who_was_not_there_and_who_failed():
    made = record({"a": 1.0}, {"a": 3.0})
    made.add(Absent("b", "not installed"))
    made.add(Measurement(0, "c", {"error": "it ended with exit code 1:\nmore\nwhy\n"}))
    text = readme.section(part(reference="a", goals=(Goal("a", 0.5, ("b",)), Goal("a", 4.0))), made, None)
    assert "| **a**: one | 2.0 (1.0 to 3.0) |  |" in text
    assert "| **b**: other | not installed |  |" in text
    assert "| **c**: third | failed |  |" in text
    assert "c failed: `it ended with exit code 1 ... why`" in text
    assert "a / b: not measured (goal: at most 0.5)" in text
    assert "a, seconds: **2** (goal: at most 4; reached)" in text


def test_a_record_is_read_as_it_was_written(tmp_path):
    made = record({"a": 1.0, "b": 2.0})
    made.save(tmp_path / "part.json")
    assert Record.load(tmp_path / "part.json") == made


def test_only_the_chosen_contenders_run(tmp_path):
    assert Settings(tmp_path, contenders=("c", "a")).chosen({"a": 1, "b": 2, "c": 3}) == ("a", "c")


def test_the_share_of_busy_cores_is_that_between_two_moments():
    busy = [(0.0, 0.0), (1.0, 0.0), (2.0, 2.0), (3.0, 3.0), (4.0, 3.0)]
    assert busy_share(busy, 1.0, 3.0, cores=2) == 0.75
    assert busy_share(busy, 1.5, 1.7, cores=2) is None


def test_the_tail_begins_when_a_worker_has_no_more_to_do():
    assert tail_begins([(0, 2), (0, 3), (2, 5), (3, 6)]) == 5
    assert tail_begins([(0, 2), (2, 4)]) == 4


def test_a_part_that_fails_stops_no_other_and_what_it_measured_is_kept(tmp_path, monkeypatch):
    def measured(settings):
        yield Measurement(0, "a", {"seconds": 2.0})

    def broken(settings):
        yield from measured(settings)
        raise OSError("disk full")

    def skipped(settings):
        raise Skipped("it needs something")
        yield

    made = {name: part(name=name, measure=one) for name, one in (("x", broken), ("y", skipped), ("z", measured))}
    monkeypatch.setattr(parts, "NAMES", tuple(made))
    monkeypatch.setattr(parts, "load", made.get)
    assert main(["--toy", "--out", str(tmp_path)]) == 1
    text = (tmp_path / "README.md").read_text()
    assert text.count("| **a**: one | 2.0 |") == 2
    assert "measured: y" not in text
    assert "Ended early: `Traceback (most recent call last) ... OSError: disk full`" in text
    assert (tmp_path / "z.svg").read_text().startswith("<?xml")
    (tmp_path / "README.md").unlink()
    assert main(["--render", "--out", str(tmp_path)]) == 1
    assert (tmp_path / "README.md").read_text() == text


def test_an_unknown_part_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["smal"])
    assert "PART must be among small, large" in capsys.readouterr().err


def test_the_readme_says_what_the_kept_numbers_say():
    kept = [name for name in parts.NAMES if (HOME / f"{name}.json").exists()]
    text = (HOME / "README.md").read_text()
    for name in kept:
        chart = f"{name}.svg"
        own, found = parts.load(name), Record.load(HOME / f"{name}.json")
        assert not found.toy
        section = readme.section(own, found, chart if (HOME / chart).exists() else None)
        assert readme.replaced(text, name, section) == text, "python -m benchmarks --render"
