"""Fine-tuning as a value: what is refused, what is one setting, what it changes of a variant's identity."""

import numpy as np
import pytest

from cnnjobs import Finetune, Job, Variant, vgg16
from cnnjobs.errors import SpecError
from cnnjobs.planning.trials import make_plan
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import read_job
from cnnjobs.spec import Phase

BASE = Variant(model=vgg16(), epochs=20)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Finetune(after=0), "`Finetune.after` must be a whole number of at least 1. Received: after=0"),
        (lambda: Finetune(after=2.5), "`Finetune.after` must be a whole number"),
        (lambda: Finetune(after=5, learning_rate=0), "`Finetune.learning_rate` must be a number above 0"),
        (lambda: Finetune(after=5, layers=()), r"`Finetune.layers` must be \"all\".*Received: layers=\(\)"),
        (lambda: Finetune(after=5, layers=("block5", "")), "`Finetune.layers` must be"),
        (lambda: Finetune(after=5, layers=0), "`Finetune.layers` must be a whole number of at least 1"),
        (lambda: Finetune(after=5, layers=None), "Received: layers=None"),
        (lambda: Finetune(after=5, layers=True), "Received: layers=True"),
        (lambda: Finetune(after=5, layers=0.3), "Received: layers=0.3"),
        (lambda: BASE.but(finetune=5), r"`finetune` must be Finetune\(...\) or None. Received: finetune=5"),
        (
            lambda: BASE.but(finetune=Finetune(after=20)),
            "must be less than `epochs`. Received: after=20 with epochs=20",
        ),
        (lambda: BASE.but(finetune=Finetune(after=5), epochs=1), "Train for more epochs, at least 6, or fine-tune af"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(SpecError, match=message):
        make()


def trial_id(finetune):
    job = Job(name="a", dataset="digits", repeats=1, variants={"v": BASE.but(finetune=finetune)})
    return make_plan(job, "digits").trials[0].trial_id


def test_one_setting_in_several_forms_is_one_identity_and_others_are_others():
    forms = [Finetune(after=5, layers="block5"), Finetune(after=np.int64(5), layers=["block5"], learning_rate=1e-5)]
    assert len({trial_id(one) for one in forms}) == 1
    others = [None, Finetune(after=6, layers="block5"), Finetune(after=5), Finetune(after=5, layers=5)]
    others += [Finetune(after=5, layers="block5", learning_rate=1e-4), Finetune(after=5, layers=("block4", "block5"))]
    assert len({trial_id(one) for one in [forms[0], *others]}) == 7


def test_an_override_that_leaves_no_epoch_for_the_second_phase_names_the_variant(tmp_path):
    path = tmp_path / "job.py"
    path.write_text(
        "from cnnjobs import Finetune, Job, Variant, vgg16\n"
        "tuned = Variant(model=vgg16(), epochs=20, finetune=Finetune(after=5))\n"
        "job = Job(name='a', dataset='cifar10', variants={'tuned': tuned})\n"
    )
    with pytest.raises(SpecError, match=r"Variant 'tuned': `Finetune.after` must be less than `epochs`"):
        read_job(path, Overrides(epochs=5))
    assert read_job(path, Overrides(epochs=6)).job.variants["tuned"].phases[1] == Phase(5, 1, 1e-5)


def test_the_phases_of_a_variant():
    assert BASE.phases == (Phase(0, 20),)
    tuned = BASE.but(finetune=Finetune(after=5, learning_rate=0.1))
    assert tuned.phases == (Phase(0, 5), Phase(5, 15, 0.1))
    assert tuned.shortest.epochs == 6
