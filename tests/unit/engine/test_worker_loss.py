"""What a person is told of a worker process that is no more: from Ray's words and from what it printed last."""

import pytest

from cnnjobs.engine.worker_loss import NODE_GONE, WorkerLoss

ACTOR = "The actor died unexpectedly before finishing this task."
NODE = f"The actor died because its {NODE_GONE}. Node Id: 0123"
MISSING = """The actor died because of an error raised in its creation task:
Traceback (most recent call last):
ModuleNotFoundError: No module named 'cnnjobs'
  The above exception was raised while a worker was made."""
MEMORY = """OutOfMemoryError: 2 worker(s) were killed due to the node running low on memory. Memory on the node \
(IP: 10.0.0.1, ID: 69cb) was 22.91GB used / 23.54GB limit (0.973)
OOM kill reason: Memory usage 24599999999B exceeded threshold of 24012676915B (95.0% of 25276502016B limit)
Considered workers: [
Selected to kill: (Actor(d289): job ID=01, required resources={CPU_group_5336: 1}, pid=8492, actual memory \
used=12.40GB, worker ID=1c5b)
Selected to kill: (Actor(e6f1): job ID=01, required resources={CPU_group_44db: 1}, pid=8493, actual memory \
used=0.12GB, worker ID=26d8)
]"""
"""As Ray 2.60 says it."""

CRASH = """epoch 1
Fatal Python error: Segmentation fault

Current thread 0x00007f9b3ea36b80 (most recent call first):
  File "/usr/lib/python3.11/ctypes/__init__.py", line 522 in string_at
  File "/home/me/jobs/job.py", line 12 in net
  File "/usr/lib/python3.11/site-packages/cnnjobs/models/networks.py", line 40 in build

Extension modules: numpy.core (total: 1)
"""
HUNG = """Timeout (0:00:20)!
Thread 0x00007f5f174aa6c0 (most recent call first):
  File "/home/me/jobs/loader.py", line 3 in wait
  File "/usr/lib/python3.11/threading.py", line 982 in run

Thread 0x00007f5f2fc46b80 (most recent call first):
  File "/home/me/jobs/job.py", line 7 in net
  File "/usr/lib/python3.11/site-packages/cnnjobs/engine/ray/tune.py", line 148 in step

Thread 0x00007f5f2fc46b90 (most recent call first):
  File "/usr/lib/python3.11/site-packages/ray/_private/worker.py", line 3 in poll
"""


@pytest.mark.parametrize("error", ["", ACTOR])
def test_a_process_that_is_gone_without_a_word_was_ended_from_outside(error):
    told = WorkerLoss(error=error).explain(", twice")
    assert told.startswith("the worker process was ended from outside, twice without a message")
    assert "--max-concurrent 1" in told


def test_out_of_memory_is_told_with_what_the_process_had_and_what_there_was():
    told = WorkerLoss(error=MEMORY, pid=8492).explain(", twice")
    assert told.startswith(
        "out of memory, twice: Ray ended the worker process with 12.40 GB when 22.91 of the 23.54 GB of its machine "
        "were in use."
    )
    assert "batch_size" in told
    assert "--max-concurrent 1" in told


LARGER = "Top 10 memory users: PID\tMEM(GB)\tCOMMAND\n8492\t12.40\tray::ResourceTrainable.train\n77\t14.0\tfirefox"


@pytest.mark.parametrize(("pid", "outgrown"), [(8493, True), (8492, False), (None, False)])
def test_who_was_ended_while_another_worker_had_more_is_not_to_blame(pid, outgrown):
    loss = WorkerLoss(error=f"{MEMORY}\n{LARGER}\n", pid=pid)
    assert loss.was_outgrown is outgrown
    assert loss.is_forgiven is outgrown


def test_a_process_that_was_ended_before_it_told_its_number_has_no_figure_of_another():
    assert "the worker process when 22.91 of the 23.54 GB" in WorkerLoss(error=MEMORY).explain()


def test_a_crash_is_told_with_the_function_of_the_users_it_was_in():
    told = WorkerLoss(error=ACTOR).explain(", twice", CRASH)
    assert told == "the worker process crashed, twice: Segmentation fault, in net (job.py, line 12)"


def test_a_process_that_the_code_of_its_trial_ended_says_where():
    printed = "hello\nos._exit(3) was called in net (job.py, line 9)\n"
    told = WorkerLoss(error=ACTOR).explain("", printed)
    assert told == "the code of the trial ended its process: os._exit(3) was called in net (job.py, line 9)"


def test_of_a_trial_that_hangs_the_thread_that_runs_it_says_where_it_was():
    told = WorkerLoss(hung_s=20.0, error=ACTOR).explain("", "", HUNG)
    assert told == "no progress for 20 s, the trial timeout; it was in net (job.py, line 7)"


def test_a_process_that_could_write_no_stacks_has_hung_all_the_same():
    assert WorkerLoss(hung_s=20.0).explain() == "no progress for 20 s, the trial timeout"


@pytest.mark.parametrize("line", ["ModuleNotFoundError: No module named 'cnnjobs'", "ImportError: libcudnn.so.9: gone"])
def test_a_worker_that_could_not_be_made_is_explained_with_what_lacks(line):
    told = WorkerLoss(error=f"Traceback (most recent call last):\n{line}\nand more").explain()
    assert told.startswith(f"a worker could not be made: {line} The same packages must be installed on every node")
    assert "`cnnjobs doctor`" in told


@pytest.mark.parametrize("line", ["SystemExit: 3", "RuntimeError: no licence", "KeyboardInterrupt", "job.MyError: no"])
def test_what_was_raised_while_a_worker_was_made_is_told(line):
    error = MISSING.replace("ModuleNotFoundError: No module named 'cnnjobs'", line)
    assert WorkerLoss(error=error).explain(", twice") == f"a worker could not be made: {line}"


def test_what_was_raised_in_a_worker_beside_its_trial_is_told():
    error = 'ray::ResourceTrainable.train() (pid=1)\n  File "x.py", line 1, in step\nOSError: [Errno 28] No space left'
    assert WorkerLoss(error=error).explain() == "a worker failed: OSError: [Errno 28] No space left"


@pytest.mark.parametrize("name", ["ray.exceptions.ActorDiedError", "ActorDiedError", "ActorUnavailableError"])
def test_what_ray_raises_for_a_process_that_is_gone_is_not_what_was_raised_in_it(name):
    assert "ended from outside" in WorkerLoss(error=f"{name}: {ACTOR}").explain()


def test_of_several_errors_the_last_is_told():
    error = "ImportError: first\n\nDuring handling of the above exception:\nModuleNotFoundError: second"
    assert "second" in WorkerLoss(error=error).explain()
    assert "first" not in WorkerLoss(error=error).explain()


def test_every_explanation_is_one_line():
    errors = ("", ACTOR, NODE, MISSING, MEMORY)
    told = [WorkerLoss(error=error).explain("", printed) for error in errors for printed in ("", CRASH, HUNG)]
    assert not any("\n" in one for one in told)
