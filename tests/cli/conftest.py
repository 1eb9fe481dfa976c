"""What all tests of commands share."""

from support.isolation import alone

__all__ = ["alone"]
