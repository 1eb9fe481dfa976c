"""Makes `python -m cnnjobs` the same as `cnnjobs`."""

from cnnjobs.cli import main

if __name__ == "__main__":
    main(prog_name="cnnjobs")
