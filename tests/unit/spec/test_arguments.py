"""Arguments and names that are misspelt, in a job file or in Python, are answered with what is near them."""

import inspect
import pickle

import pytest

import cnnjobs
from cnnjobs import Adam, Job, Variant, custom, grid, vgg
from cnnjobs.errors import JobFileError, SpecError
from cnnjobs.planning.job_file import load_job
from cnnjobs.spec.arguments import WORDS, arguments_named
from cnnjobs.wording.nearest import nearest

CALLED = [name for name in cnnjobs.__all__ if callable(getattr(cnnjobs, name))]


def slip(name):
    """The name with its last letters left out, or one more."""
    return name[:-1] if len(name) > 4 else f"{name}s"


@pytest.mark.parametrize("name", CALLED)
def test_every_public_word_names_the_argument_that_is_near(name):
    word = getattr(cnnjobs, name)
    parameters = inspect.signature(word).parameters.values()
    named = [one.name for one in parameters if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD)]
    assert name in WORDS
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        with pytest.raises(SpecError, match=rf"`{name}\(\.\.\.\)`: missing a required"):
            word()
    elif named:
        with pytest.raises(SpecError) as refused:
            word(**{slip(named[0]): 1})
        assert f"`{name}({slip(named[0])}=...)`: there is no such argument. Near it: {named[0]}" in str(refused.value)
        assert f"It has {', '.join(named)}." in str(refused.value)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Variant(model=vgg(), lr=0.1), "learning_rate is an argument of Adam, Adagrad, AdamW and others."),
        (lambda: Adam(lr=0.1), "`Adam(lr=...)`: there is no such argument. Near it: learning_rate."),
        (lambda: Variant(model=vgg(), repeats=3), "repeats is an argument of Job, "),
        (lambda: Job("x", "digits"), "too many positional arguments. It needs name, dataset, variants. Its arguments"),
        (lambda: Job(name="x"), "missing a required argument: 'dataset'. It needs name, dataset, variants."),
        (lambda: Variant(model=vgg()).but(epoch=3), "`Variant.but(epoch=...)`: there is no such argument. Near it: ep"),
        (lambda: grid(Variant(model=vgg()), batchsize=[3]), "Near it: batch_size."),
        (lambda: custom(net, widht=3), "missing a required argument: 'width'). Near it: width."),
        (lambda: Variant(model=vgg(), scaling="units"), "Received: scaling='units'. Near it: unit."),
    ],
)
def test_a_slip_is_answered_in_the_words_of_the_job_file(call, said):
    with pytest.raises(SpecError) as refused:
        call()
    assert said in str(refused.value)


def net(input_shape, classes, width):
    """A network nobody builds."""


def test_jobs_are_changed_by_arguments_that_they_have():
    job = Job(name="x", dataset="digits", variants={"a": Variant(model=vgg())})
    with pytest.raises(SpecError, match=r"`Job.but\(repeat=...\)`: there is no such argument. Near it: repeats"):
        job.but(repeat=3)
    assert job.but(repeats=3).repeats == 3


def test_a_type_error_of_something_within_stays_one():
    @arguments_named
    def word(*, size):
        return len(size)

    del WORDS["word"]
    with pytest.raises(TypeError, match="object of type 'int' has no len"):
        word(size=3)
    assert word(size="abc") == 3


def test_words_are_what_they_were():
    assert list(inspect.signature(Job).parameters)[:3] == ["name", "dataset", "variants"]
    assert vgg.__name__ == "vgg" and vgg.__doc__
    assert pickle.loads(pickle.dumps(vgg)) is vgg
    assert pickle.loads(pickle.dumps(Adam(0.1))) == Adam(0.1)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["from cnnjobs import Job, Varaint"], "line 1, raised ImportError: cannot import name 'Varaint'"),
        (["from cnnjobs import Job, Varaint"], "Near it: Variant."),
        (["import cnnjobs", "job = cnnjobs.Jobb()"], "has no attribute 'Jobb'. Near it: Job."),
        (["baseline = 1", "other = basline"], "line 2, raised NameError: name 'basline' is not defined. Near it: base"),
        (
            ["from cnnjobs import Job", "job = Job(nmae='x')"],
            "line 2: `Job(nmae=...)`: there is no such argument. Near",
        ),
        (["import json", "json.dmup"], "raised AttributeError: module 'json' has no attribute 'dmup'"),
    ],
)
def test_a_job_file_is_told_its_line_and_the_name_that_is_near(tmp_path, lines, said):
    (tmp_path / "job.py").write_text("\n".join(lines))
    with pytest.raises(JobFileError) as refused:
        load_job(tmp_path / "job.py")
    assert said in str(refused.value)


def test_what_is_not_near_is_not_named():
    assert nearest("zebra", ["name", "repeats"]) == []
    assert nearest("BASELINE", ["baseline", "baseline 2"])[0] == "baseline"
