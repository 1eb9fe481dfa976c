"""Runs sections in this process, one after the other: `python -m benchmarks.gpu_parts SETTINGS SECTION...`."""

import importlib
import sys
import traceback

from benchmarks.gpu_parts.settings import Settings, tell

BEGIN = "SECTION "
"""How the line begins that names the section whose findings follow."""


def main() -> None:
    """Run each; an error of one does not keep the next from running."""
    settings = Settings.load(sys.argv[1])
    for name in sys.argv[2:]:
        print(f"{BEGIN}{name}", flush=True)
        try:
            importlib.import_module(f"benchmarks.gpu_parts.{name}").measure(settings)
            tell(done=True)
        except Exception:
            tell(error=traceback.format_exc()[-2500:])


if __name__ == "__main__":
    main()
