"""Options: every command with odd words for its arguments and options."""

import random
from pathlib import Path

import click
from archives import JOB
from PIL import Image

WORDS = ["", " ", "x", "0", "-1", "1", "2", "3", "nan", "inf", "-inf", "1e999", "1e-400", "9" * 400, "0x10", "1_000", "\N{ARABIC-INDIC DIGIT THREE}", "True", "None", "--", "-", "-x",
         "job.py", "digits", "one", "results", ".", "..", "/", "/dev/zero", "/dev/null", "~", "~nobody", "a\x1b[2J", "a\nb", "a" * 5000, "\udcff", "\N{GRINNING FACE}", "s3://", "s3://x", "file:///", "file:///etc/passwd",
         "gs://x/y", "hdfs://x", "http://", "mock://x", "png", "x.png", "x.svg", "x.exe", "/no/such/x.png", "'", '"', "$(id)", "%s", "{}", "a.png", "job0/a", "test", "json", "csv", "loss", "accuracy", "test_accuracy", "val_loss"]  # fmt: skip
ADDRESSES = [
    "",
    " ",
    "x",
    "local",
    "http://",
    "http://127.0.0.1:1",
    "http://[::1",
    "http://127.0.0.1:99999",
    "http://a b",
    "http://\x1b",
    "https://127.0.0.1:1/x?y#z",
    "ftp://x",
    "://",
    "http://u:p@127.0.0.1:1",
]
LEFT_OUT = ("doctor", "send", "watch", "tell")  # Ray; no command of a person; pages that are served until they are left


def make(draw: random.Random, folder: Path) -> list[str]:
    """Return the words of a command with odd options, in a folder that has what some of them may mean."""
    from cnnjobs.cli import main

    (folder / "job.py").write_bytes(JOB.replace(b"'data.npz'", b"'digits'"))
    Image.new("L", (8, 8)).save(folder / "a.png")
    if draw.random() < 0.3:
        import support.stores as stores

        stores.made_up_store(folder / "results", job="job0", runs=2)
    name = draw.choice([name for name in main.commands if name not in LEFT_OUT])
    if draw.random() < 0.03:
        return [draw.choice(WORDS), *draw.sample(WORDS, 2)]
    command, words = main.commands[name], [name]
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            if parameter.required or draw.random() < 0.6:
                words += [
                    _argument(draw, str(parameter.name))
                    for _ in range(1 if parameter.nargs == 1 else draw.choice([1, 2]))
                ]
        elif draw.random() < 2 / max(3, len(command.params)):
            words += _option(draw, parameter, remote=name in ("logs", "stop", "fetch"))
    if name == "plan" and "--no-sizes" not in words:
        words.append("--no-sizes")
    words = [word for word in words if word not in ("--summary", "--sizes")]  # TensorFlow counts and lists layers
    return [word.replace("\0", "") for word in words]


def _argument(draw: random.Random, name: str) -> str:
    usual = {"job": "job.py", "dataset": "digits", "results": "results", "images": "a.png"}.get(name, "model.keras")
    return usual if draw.random() < 0.7 else draw.choice(WORDS)


def _option(draw: random.Random, option: click.Parameter, *, remote: bool) -> list[str]:
    flag = draw.choice([*option.opts, *option.secondary_opts])
    if option.name == "address":
        return (
            [flag, draw.choice(ADDRESSES)] if remote else [flag, draw.choice(["", " ", "local", "x", "http://", "://"])]
        )
    if getattr(option, "is_flag", False):
        return [flag]
    values = [draw.choice(WORDS)]
    if isinstance(option.type, click.Choice) and draw.random() < 0.7:
        values = [draw.choice(list(option.type.choices))]
    elif isinstance(option.type, click.IntRange | click.FloatRange) and draw.random() < 0.6:
        values = [draw.choice(["1", "2", "3", "5", "100", "1000000", "0.5", "99999999999999999999"])]
    elif draw.random() < 0.3:
        values = [{"only": "one", "audit": "one", "variant": "one"}.get(str(option.name), draw.choice(WORDS))]
    return [flag, *values]
