"""One page on the loopback that shows a job while it runs."""
