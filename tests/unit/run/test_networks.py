"""What is said of networks before they are trained, and which of them are looked at."""

import pytest

from cnnjobs import SGD, Adam, Finetune, Job, Variant, custom, vgg
from cnnjobs.engine.child_process import Lost
from cnnjobs.errors import SpecError
from cnnjobs.models.network_facts import NetworkFacts, Pictures, Unusable
from cnnjobs.run import networks as module
from cnnjobs.run.networks import Networks, check_networks, look_at_networks
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job


def one(input_shape, classes, width=1):
    raise NotImplementedError


def two(input_shape, classes):
    raise NotImplementedError


ONE, TWO = Variant(model=custom(one)), Variant(model=custom(two))


@pytest.fixture
def answers(monkeypatch):
    """Answers that are given in place of those of a process; the requests are counted."""
    given, asked = [], []

    def look(requests, on_slow, timeout_s=None):
        asked.extend(requests)
        return iter(given[: len(requests)])

    monkeypatch.setattr("cnnjobs.run.backends.look_at_networks", look)
    return given, asked


def looked_at(variants, *, sure=True, class_names=tuple("0123456789")) -> Networks:
    import numpy as np

    pictures = Pictures(np.zeros((2, 8, 8, 1), np.uint8), np.zeros(2, np.int32))
    return look_at_networks(variants, (), pictures, class_names, 1, lambda *_: None, sure=sure)


def test_equal_networks_are_looked_at_once(answers):
    given, asked = answers
    given += [NetworkFacts(5, "layers"), NetworkFacts(6, "others")]
    found = looked_at({"a": ONE, "b": ONE.but(epochs=3), "c": ONE.but(scaling="center")})
    assert len(asked) == 2
    assert found.parameters() == {"a": 5, "b": 5, "c": 6}
    assert found.summaries() == [("a, b", "layers"), ("c", "others")]


def test_what_cannot_be_trained_is_named_once_for_all_variants_that_have_it(answers):
    answers[0].extend([Unusable("ValueError: no"), Lost("its process was ended by SIGSEGV")])
    found = looked_at({"a": ONE, "b": TWO, "c": ONE.but(epochs=3)})
    assert found.refusals() == [
        "The network of 'a', 'c' cannot be trained: ValueError: no",
        "The network of 'b' cannot be trained: its process was ended by SIGSEGV",
    ]


def test_what_a_network_cannot_do_on_cores_it_may_do_on_a_gpu(answers):
    answers[0].extend([Unusable("UnimplementedError: NCHW", built=True), Unusable("TypeError: nothing")])
    found = looked_at({"a": ONE, "b": TWO}, sure=False)
    assert found.errors == {"b": "TypeError: nothing"}
    assert found.notes == (
        "The network of 'a' could not be checked on cores, so that trials may fail: UnimplementedError: NCHW",
    )


def test_what_cannot_travel_is_found(answers):
    import threading

    lock = threading.Lock()

    def locked(input_shape, classes):
        return lock

    found = looked_at({"a": Variant(model=locked)})
    assert "'a' cannot be trained: it cannot be sent to workers (TypeError: cannot pickle" in found.refusals()[0]


def test_networks_that_differ_in_what_they_are_compiled_with_alone_are_refused(answers):
    slow, fast = (NetworkFacts(5, "", (), f"SGD(learning_rate={rate})", str(rate), "same") for rate in (0.1, 0.5))
    answers[0].extend([slow, fast])
    found = looked_at({"slow": ONE, "fast": TWO})
    assert list(found.errors) == ["fast"]
    assert (
        "it differs from that of 'slow' only in what it is compiled with (SGD(learning_rate=0.5), not"
        in (found.errors["fast"])
    )
    assert "The network of 'slow': it comes compiled with SGD(learning_rate=0.1), which is not used" in found.notes[0]


def test_compiled_networks_of_variants_that_differ_otherwise_are_only_noted(answers):
    answers[0].extend([NetworkFacts(5, "", (), "SGD", "0.1", "same"), NetworkFacts(5, "", (), "Adam", "0.5", "same")])
    found = looked_at({"slow": ONE.but(optimizer=SGD(0.1)), "fast": TWO.but(optimizer=Adam(0.1))})
    assert not found.errors
    assert ["it comes compiled" in note for note in found.notes] == [True, True]


def test_equal_networks_of_different_functions_are_noted(answers):
    answers[0].extend([NetworkFacts(5, "", digest="same"), NetworkFacts(5, "", digest="same")])
    (note,) = looked_at({"a": ONE, "b": ONE.but(model=custom(one, width=2))}).notes
    assert note.startswith("The networks of 'a' and 'b' are the same after a step of training")


def job(**variants):
    read = read_job(Job(name="a", dataset="digits", repeats=2, variants=variants), Overrides())
    return prepare(read, Overrides(), lambda *_: None)


def check(prepared, done=(), **options):
    trials = [trial for trial in prepared.plan.trials if trial.trial_id not in done]
    check_networks(prepared, trials, done, lambda *_: None, sure=True, **options)


def test_bundled_networks_are_not_looked_at_unless_their_layers_are_named(answers):
    bundled = Variant(model=vgg(blocks=1), epochs=2)
    check(job(vgg=bundled))
    assert answers[1] == []
    answers[0].append(Unusable("`Finetune.layers` must name layers"))
    with pytest.raises(SpecError, match="must name layers"):
        check(job(vgg=bundled, tuned=bundled.but(finetune=Finetune(after=1, layers="block5"))))
    assert len(answers[1]) == 1


def test_networks_that_were_trained_before_are_not_looked_at(answers):
    prepared = job(a=ONE, b=TWO)
    first = next(trial for trial in prepared.plan.trials if trial.variant == "a")
    answers[0].extend([NetworkFacts(5, "")])
    check(prepared, done=[first.trial_id])
    assert len(answers[1]) == 1


def test_a_refusal_names_each_network_and_how_to_run_the_others(answers, capsys):
    answers[0].extend([Unusable("ValueError: no"), NetworkFacts(5, "", ("it is odd",))])
    with pytest.raises(SpecError) as refused:
        check(job(a=ONE, b=TWO, c=ONE.but(epochs=3), plain=Variant(model=vgg(blocks=1))))
    assert str(refused.value) == (
        "Networks that cannot be trained, so that nothing was run:\n  'a', 'c': ValueError: no\n"
        "To run only the others, use `only` with 'b', 'plain'."
    )
    assert capsys.readouterr().err == "note: The network of 'b': it is odd\n"


def test_a_network_that_takes_long_is_named(monkeypatch, capsys):
    def look(requests, on_slow, timeout_s=None):
        on_slow(0, 61.0)
        return iter([NetworkFacts(5, "")])

    monkeypatch.setattr(module.backends, "look_at_networks", look)
    check(job(a=ONE))
    assert capsys.readouterr().err == "the network of 'a' is being built, for 1 min now\n"


@pytest.mark.parametrize("kind", ["the probability", "the logit"])
def test_which_class_one_unit_speaks_of_is_said(answers, kind):
    answers[0].append(NetworkFacts(5, "", one_unit=kind))
    found = looked_at({"a": ONE}, class_names=("ants", "bees"))
    said = f"its only unit is taken for {kind} of the second class, 'bees' (the first is 'ants')"
    assert found.notes == (f"The network of 'a': {said}",)
