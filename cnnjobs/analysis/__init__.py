"""From stored trials to statistics, tables, plots and a report."""
