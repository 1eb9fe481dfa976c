"""Where arrays come from, for messages: a file, or a function of the user's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ArrayOrigin:
    """Where arrays come from; as text, the place.

    Args:
        place: for errors: the path of a file, or the call of a function.
        name: of the data set.
        written: the beginning of what a job file says of it: "Npz('scans.npz'".
    """

    place: str
    name: str
    written: str

    def __str__(self) -> str:
        """Return the place."""
        return self.place

    def with_range(self, black: str, white: str) -> str:
        """Return what a job file says of it with values of black and white."""
        return f"{self.written}, value_range=({black}, {white}))"
