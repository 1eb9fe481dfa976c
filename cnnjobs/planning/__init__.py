"""What a job file asks for: its trials, their seeds and order, and the identity of each."""
