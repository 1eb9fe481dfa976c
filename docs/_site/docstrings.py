"""How Griffe reads the docstrings and defaults of this project."""

import re
from importlib import import_module
from textwrap import dedent
from typing import Any

import griffe

_RETURNS = re.compile(r"^Returns:\n((?: {4}.*(?:\n|$))+)", re.M)


class Docstrings(griffe.Extension):
    """Examples stand under `Example:`; a field that came later has its default in `later_field(...)`."""

    def on_object(self, *, obj: griffe.Object, **others: Any) -> None:
        """Change the title of examples."""
        if obj.docstring is not None:
            obj.docstring.value = with_examples(obj.docstring.value)

    def on_attribute(self, *, attr: griffe.Attribute, **others: Any) -> None:
        """Change the default of a dataclass's field."""
        if attr.value is not None and isinstance(attr.parent, griffe.Class):
            attr.value = shown_default(attr.value, attr.module.path)

    def on_function(self, *, func: griffe.Function, **others: Any) -> None:
        """Change the defaults of a function, and show what it returns as a paragraph: any text may hold a colon."""
        if func.docstring is not None:
            func.docstring.value = with_returns(func.docstring.value, str(func.returns or ""))
        for parameter in func.parameters:
            if parameter.default is not None:
                parameter.default = shown_default(parameter.default, func.module.path)


def with_examples(text: str) -> str:
    """Return a docstring with the title that Griffe knows."""
    return re.sub(r"^Example:$", "Examples:", text, flags=re.M)


def with_returns(text: str, kind: str) -> str:
    """Return a docstring whose section `Returns` is a paragraph with the type in it.

    Args:
        text: the docstring.
        kind: the annotation of what is returned.
    """
    title = f"**Returns** (`{kind}`): " if kind else "**Returns:** "
    return _RETURNS.sub(lambda match: title + dedent(match[1]) + "\n", text)


def shown_default(default: str | griffe.Expr, module: str) -> str | griffe.Expr:
    """Return a default by its value.

    Args:
        default: as the source has it.
        module: name of the module that it is in.
    """
    text = re.sub(r"^later_field\((.*)\)$", r"\1", str(default), flags=re.S)
    if re.fullmatch(r"[A-Z][A-Z_]+", text):
        return repr(getattr(import_module(module), text))
    return default if text == str(default) else text
