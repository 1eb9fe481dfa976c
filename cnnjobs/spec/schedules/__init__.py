"""Learning rate schedules as values: each gives the factor of the optimizer's learning rate at every step."""

from cnnjobs.spec.schedules.base import Run, Schedule
from cnnjobs.spec.schedules.cycles import CosineRestarts, Cyclical, OneCycle
from cnnjobs.spec.schedules.decays import CosineDecay, ExponentialDecay, PolynomialDecay, StepDecay, TimeDecay
from cnnjobs.spec.schedules.own import CustomSchedule, schedule
from cnnjobs.spec.schedules.warmup import AFTER, Warmup

SCHEDULES = (*AFTER, Warmup)
"""All of them."""

__all__ = [
    "SCHEDULES",
    "CosineDecay",
    "CosineRestarts",
    "CustomSchedule",
    "Cyclical",
    "ExponentialDecay",
    "OneCycle",
    "PolynomialDecay",
    "Run",
    "Schedule",
    "StepDecay",
    "TimeDecay",
    "Warmup",
    "schedule",
]
