"""Variables of the environment that tell a command that a person on another machine asked for it."""

EVENTS = "CNNJOBS_EVENTS"
"""Asks for events in the place of a progress line."""

TYPED = "CNNJOBS_TYPED"
"""The command as it was typed there."""
