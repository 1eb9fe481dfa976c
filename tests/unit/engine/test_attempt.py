"""Whatever a trial raises is a failure in one line, so that the others go on."""

import sys

import pytest
from support.fakes import tiny_dataset

from cnnjobs import Job, Variant, vgg
from cnnjobs.engine.base import Attempt
from cnnjobs.messages import Failure, Started
from cnnjobs.planning.trials import make_plan

[TRIAL] = make_plan(Job(name="a", dataset="digits", repeats=1, variants={"one": Variant(model=vgg())}), "data").trials


class Raises:
    """A worker whose trial raises."""

    dataset, retire_reason = tiny_dataset(), None

    def __init__(self, error):
        self.error = error

    def run(self, trial):
        raise self.error
        yield


class ResourceExhaustedError(Exception):
    """As TensorFlow names it."""


def failure_of(error, **options):
    started, failure = Attempt(lambda: (Raises(error), TRIAL), **options).messages()
    assert isinstance(started, Started)
    assert isinstance(failure, Failure)
    assert "Traceback" in failure.log
    return failure.error


def test_an_error_is_its_name_and_its_first_line():
    assert failure_of(ValueError("no such layer\nand more")) == "ValueError: no such layer"
    assert failure_of(AssertionError()) == "AssertionError"


OF_A_GRAPH = """Graph execution error:

Detected at node ones defined at (most recent call last):
  File "job.py", line 4, in step

OOM when allocating tensor with shape[64,32] and type float on /job:localhost/device:CPU:0 by allocator cpu
\t [[{{node ones}}]]
Hint: If you want to see a list of allocated tensors, add report_tensor_allocations_upon_oom to RunOptions.
 [Op:__inference_f_13]"""
OF_AN_OPERATION = "{{function_node __wrapped__Fill_device_/device:CPU:0}} OOM when allocating tensor [Op:Fill] name: "
OF_SEVERAL = "Graph execution error:\n\n2 root error(s) found.\n  (0) RESOURCE_EXHAUSTED:  OOM when allocating tensor\n"


@pytest.mark.parametrize("text", [OF_A_GRAPH, OF_AN_OPERATION, OF_SEVERAL])
def test_of_an_error_of_tensorflow_the_line_that_tells_is_told(text):
    told = failure_of(ResourceExhaustedError(text))
    assert told.startswith("ResourceExhaustedError: OOM when allocating tensor")
    assert "[Op" not in told
    assert "--max-concurrent 1" in told


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), type("Odd", (BaseException,), {})("x")])
def test_what_is_meant_to_end_a_process_ends_the_trial_and_says_where_it_was_raised(error):
    told = failure_of(error)
    assert told.startswith(type(error).__name__)
    assert f"raised in run (test_attempt.py, line {Raises.run.__code__.co_firstlineno + 1})" in told


def test_where_ctrl_c_reaches_the_process_it_is_passed_on():
    with pytest.raises(KeyboardInterrupt):
        list(Attempt(lambda: (Raises(KeyboardInterrupt()), TRIAL), passes=(KeyboardInterrupt,)).messages())


@pytest.mark.parametrize("error", [MemoryError("8 GiB"), ResourceExhaustedError("OOM when allocating tensor.")])
def test_out_of_memory_says_what_takes_less(error):
    told = failure_of(error)
    assert told.startswith(f"{type(error).__name__}: {str(error).rstrip('.')}. A smaller `batch_size` or network takes")
    assert "--max-concurrent 1" in told


def test_a_trial_that_is_dropped_raises_nothing():
    messages = Attempt(lambda: (Raises(ValueError()), TRIAL)).messages()
    next(messages)
    messages.close()
    assert sys.exc_info() == (None, None, None)
