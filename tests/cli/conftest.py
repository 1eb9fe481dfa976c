"""What all tests of commands share."""

from alone import alone

__all__ = ["alone"]
