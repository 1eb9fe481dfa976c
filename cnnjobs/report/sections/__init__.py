"""Sections of a report: text, tables and charts as data."""
