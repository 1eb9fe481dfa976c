"""A report as data, its sections, figures and formats."""
