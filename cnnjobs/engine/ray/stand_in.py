"""Waits until the process that has started it ends: in the place of an agent of Ray's. Imports nothing else."""

import os
import time

EVERY_S = 1.0
"""Seconds between two looks."""

parent = os.getppid()
while os.getppid() == parent:
    time.sleep(EVERY_S)
