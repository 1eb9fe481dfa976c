"""The options of every command, as its `--help` has them."""

from collections.abc import Iterator

import click

from cnnjobs.cli import main


def options_of_commands() -> str:
    """Return a section for each command: its usage, what its help says, its options."""
    shown = ((name, command) for name, command in sorted(main.commands.items()) if not command.hidden)
    return "\n\n".join(part for name, command in shown for part in _section(name, command))


def _section(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=f"cnnjobs {name}")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"### `{name}` {{#options-of-{name}}}"
    yield f"```text\n{usage}\n```"
    yield "\n\n".join(_quoted(" ".join(part.split())) for part in (command.help or "").split("\n\n"))
    records = [option.get_help_record(context) for option in command.get_params(context)]
    rows = [f"| {_code(record[0])} | {_quoted(record[1])} |" for record in records if record]
    yield "\n".join(["| option | effect |", "| --- | --- |", *rows])


def _code(flag: str) -> str:
    return f"`{flag}`".replace("|", "\\|")


def _quoted(text: str) -> str:
    """Return a text of which nothing is taken for Markdown or HTML but what stands between backticks."""
    pieces = text.split("`")
    pieces[::2] = [one.translate(_MARKUP) for one in pieces[::2]]
    return "`".join(pieces)


_MARKUP = str.maketrans({mark: f"\\{mark}" for mark in "*_[]<>|#"})
