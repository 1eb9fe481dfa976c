"""Formats of a report, each from the same data."""
