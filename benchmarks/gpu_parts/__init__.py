"""The sections of `benchmarks/gpu.py`, one a module; each is `measure(settings)`, run in a process of its own."""
