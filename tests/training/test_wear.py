"""A worker that runs many trials does not grow; one that TensorFlow failed in is not used again."""

import pytest
from support.training_runs import BUNDLED, in_fresh_process, outcome, plain, trial_of

from cnnjobs import custom

FIFTY = """
from cnnjobs.training.trial import TrialWorker
worker = TrialWorker(digits(), cpus=1, gpus=0, replicas=1)
sizes = []
for number in range(50):
    variant = plain(BUNDLED["vgg"], epochs=1, batch_size=400 + number // 10)
    outcome(worker, trials_of(variant, repeats=10)[number % 10])
    sizes.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096)
print(json.dumps({"sizes": sizes, "reason": worker.retire_reason}))
"""


def test_memory_after_fifty_trials_is_within_a_tenth_of_that_after_five(tmp_path):
    """Five variants, ten repeats each, as a job runs them."""
    found = in_fresh_process(FIFTY, tmp_path)
    assert found["sizes"][4] > 100e6, "measured at all"
    assert found["sizes"][-1] < 1.1 * found["sizes"][4]
    assert found["reason"] is None


@pytest.fixture
def new_worker(worker):
    """One of these tests alone."""
    from cnnjobs.training.trial import TrialWorker

    return TrialWorker(worker.dataset, cpus=1, gpus=0, replicas=1)


def failing(input_shape, classes):
    import keras
    import tensorflow as tf

    class Bad(keras.layers.Layer):
        def call(self, inputs):
            with tf.control_dependencies([tf.debugging.assert_less(tf.reduce_sum(inputs), -1.0)]):
                return inputs * 1

    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), Bad(), keras.layers.Dense(classes)])


def breaking(input_shape, classes):
    raise RuntimeError("no such layer")


@pytest.mark.parametrize(("network", "reason"), [(failing, "InvalidArgumentError"), (breaking, None)])
def test_a_worker_is_worn_by_an_error_in_tensorflow_and_not_by_one_of_the_users(new_worker, network, reason):
    with pytest.raises(Exception, match=r"assert|no such layer"):
        outcome(new_worker, trial_of(plain(custom(network))))
    assert (new_worker.retire_reason is None) == (reason is None)
    assert reason is None or reason in new_worker.retire_reason
    outcome(new_worker, trial_of(plain(BUNDLED["mlp"], epochs=1)))


def test_a_worker_that_has_grown_is_worn(new_worker, monkeypatch):
    from cnnjobs.training import trial as module

    outcome(new_worker, trial_of(plain(BUNDLED["mlp"], epochs=1)))
    assert new_worker.retire_reason is None
    now = module.process_bytes()
    monkeypatch.setattr(module, "process_bytes", lambda: now + (1 << 30))
    assert "grown by" in new_worker.retire_reason
