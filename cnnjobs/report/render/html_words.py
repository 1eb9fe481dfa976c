"""Words in a web page: escaped, code marked as such, and terms linked to what they mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Glossary:
    """Terms that a page explains.

    Args:
        ids: term -> the id of its meaning on the page.
        meanings: term -> its meaning, in plain words.
    """

    ids: Mapping[str, str] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)

    def pattern(self) -> "re.Pattern[str] | None":
        """Return what finds a term in words, the longest first; None without terms."""
        terms = sorted(self.ids, key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(_spelling, terms))})(?!\w)") if terms else None

    def term(self, found: str) -> str:
        """Return the term that words found by the pattern are."""
        terms = {term.lower(): term for term in self.ids}
        return terms.get(found.lower()) or terms[found.lower().removesuffix("s")]

    def meaning(self, found: str) -> str:
        """Return what words found by the pattern mean."""
        return self.meanings[self.term(found)]


def _spelling(term: str) -> str:
    """Return a pattern of a term: words may begin a sentence, and have a plural; abbreviations are as they are."""
    if not term[:1].islower():
        return re.escape(term)
    return rf"(?:[{term[0]}{term[0].upper()}]{re.escape(term[1:])}s?)"


class Linker:
    """Makes HTML of the words of a section; a term is linked where it first stands in it.

    Args:
        glossary: of the page.
    """

    def __init__(self, glossary: Glossary) -> None:
        self._glossary, self._pattern = glossary, glossary.pattern()
        self._linked: set[str] = set()

    def words(self, text: str) -> Markup:
        """Return words escaped, what stands between backticks as code, and terms as links."""
        pieces = _CODE.split(text)
        marked = [
            Markup("<code>{}</code>").format(piece) if place % 2 else self._with_links(piece)
            for place, piece in enumerate(pieces)
        ]
        return Markup("").join(marked)

    def _with_links(self, text: str) -> Markup:
        if self._pattern is None:
            return Markup.escape(text)
        made, end = Markup(""), 0
        for found in self._pattern.finditer(text):
            term = self._glossary.term(found[0])
            if term in self._linked:
                continue
            self._linked.add(term)
            link = Markup('<a class="term" href="#{}" title="{}">{}</a>')
            address = link.format(self._glossary.ids[term], self._glossary.meanings[term], found[0])
            made += Markup.escape(text[end : found.start()]) + address
            end = found.end()
        return made + Markup.escape(text[end:])
