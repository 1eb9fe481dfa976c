"""The application: preparation, placement and execution of jobs, with progress."""
