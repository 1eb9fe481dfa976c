"""Imported by a worker on this machine when it starts: what trials need, so that it is there when the first one comes.

What cannot be imported is told where it is imported next, in the trial. A time limit, where trials have one, holds here
as well: the process ends then, as it does in a trial.
"""

import faulthandler
import gc
import os

from cnnjobs.engine.environment import IMPORTED_WITHIN
from cnnjobs.run.backends import import_for_trials

within_s = os.environ.get(IMPORTED_WITHIN)
if within_s is not None:
    faulthandler.dump_traceback_later(float(within_s), exit=True)
try:
    import_for_trials()
    gc.freeze()  # what was imported stays: collections need not go through it
finally:
    if within_s is not None:
        faulthandler.cancel_dump_traceback_later()
