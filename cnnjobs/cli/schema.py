"""`cnnjobs schema`: the JSON Schema of what programs read."""

import click

from cnnjobs.wording.terminal import write_data


@click.command(short_help="Print the JSON Schema of what --format json writes.")
def schema() -> None:
    """Print the JSON Schema (draft 2020-12) of every document and event that --format json writes."""
    from cnnjobs.schema.schema_file import schema_text

    write_data(schema_text())
