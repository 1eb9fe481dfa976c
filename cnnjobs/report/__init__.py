"""A report as data, and what writes it: sections, figures and formats."""
