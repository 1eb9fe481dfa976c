"""Literature that a report cites, as BibTeX, and how citations are written in plain text and in LaTeX.

In a text a citation is `[@key]`, or `[@one; @other]` of several, behind the words that it belongs to.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cnnjobs.report.render.latex import escaped

_CITATION = re.compile(r"\[@[\w:-]+(?:; @[\w:-]+)*\]")


@dataclass(frozen=True)
class Reference:
    """A publication, a data set or a program.

    Args:
        short: how plain text cites it: "Holm, 1979".
        kind: of its entry in BibTeX.
        fields: name -> value of its entry, in LaTeX.
    """

    short: str
    kind: str
    fields: Mapping[str, str]

    def entry(self, key: str) -> str:
        """Return its entry in BibTeX."""
        lines = [f"  {name} = {{{value}}}" for name, value in self.fields.items()]
        return f"@{self.kind}{{{key},\n" + ",\n".join(lines) + "\n}"


def _article(
    short: str, author: str, title: str, journal: str, volume: str, pages: str, year: int, doi: str = ""
) -> Reference:
    volume, _, number = volume.partition(":")
    fields = {"author": author, "title": title, "journal": journal, "volume": volume, "number": number}
    fields |= {"pages": pages, "year": str(year), "doi": doi}
    return Reference(short, "article", {name: value for name, value in fields.items() if value})


def _talk(short: str, author: str, title: str, booktitle: str, year: int, **more: str) -> Reference:
    fields = {"author": author, "title": title, "booktitle": booktitle, "year": str(year), **more}
    return Reference(short, "inproceedings", fields)


def _other(short: str, kind: str, **fields: str) -> Reference:
    return Reference(short, kind, fields)


_BOUTHILLIER = (
    "Bouthillier, Xavier and Delaunay, Pierre and Bronzi, Mirko and Trofimov, Assya and Nichyporuk, Brennan and Szeto, "
    "Justin and Sepah, Naz and Raff, Edward and Madan, Kanika and Voleti, Vikram and Kahou, Samira Ebrahimi and "
    'Michalski, Vincent and Serdyuk, Dmitriy and Arbel, Tal and Pal, Chris and Varoquaux, Ga{\\"e}l and Vincent, Pascal'
)

REFERENCES: Mapping[str, Reference] = {
    # statistics
    "student1908": _article(
        "Student, 1908", "{Student}", "The Probable Error of a Mean", "Biometrika", "6:1", "1--25", 1908,
        "10.1093/biomet/6.1.1",
    ),
    "welch1947": _article(
        "Welch, 1947", "Welch, Bernard L.",
        "The Generalization of `{Student's}' Problem When Several Different Population Variances Are Involved",
        "Biometrika", "34:1--2", "28--35", 1947, "10.1093/biomet/34.1-2.28",
    ),
    "fisher1935": _other(
        "Fisher, 1935", "book", author="Fisher, Ronald A.", title="The Design of Experiments",
        publisher="Oliver and Boyd", address="Edinburgh", year="1935",
    ),
    "clopper1934": _article(
        "Clopper and Pearson, 1934", "Clopper, C. J. and Pearson, E. S.",
        "The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial", "Biometrika", "26:4",
        "404--413", 1934, "10.1093/biomet/26.4.404",
    ),
    "stein1945": _article(
        "Stein, 1945", "Stein, Charles",
        "A Two-Sample Test for a Linear Hypothesis Whose Power Is Independent of the Variance",
        "The Annals of Mathematical Statistics", "16:3", "243--258", 1945, "10.1214/aoms/1177731088",
    ),
    "holm1979": _article(
        "Holm, 1979", "Holm, Sture", "A Simple Sequentially Rejective Multiple Test Procedure",
        "Scandinavian Journal of Statistics", "6:2", "65--70", 1979,
    ),
    "jennison2000": _other(
        "Jennison and Turnbull, 2000", "book", author="Jennison, Christopher and Turnbull, Bruce W.",
        title="Group Sequential Methods with Applications to Clinical Trials", publisher="Chapman and Hall/CRC",
        address="Boca Raton", year="2000",
    ),
    "nadeau2003": _article(
        "Nadeau and Bengio, 2003", "Nadeau, Claude and Bengio, Yoshua", "Inference for the Generalization Error",
        "Machine Learning", "52:3", "239--281", 2003, "10.1023/A:1024068626366",
    ),
    "bonett2006": _article(
        "Bonett, 2006", "Bonett, Douglas G.", "Robust Confidence Interval for a Ratio of Standard Deviations",
        "Applied Psychological Measurement", "30:5", "432--439", 2006, "10.1177/0146621605279551",
    ),
    "bouthillier2021": _talk(
        "Bouthillier et al., 2021", _BOUTHILLIER, "Accounting for Variance in Machine Learning Benchmarks",
        "Proceedings of Machine Learning and Systems", 2021, volume="3", eprint="2103.03098", archiveprefix="arXiv",
    ),
    # data sets
    "alpaydin1998": _other(
        "Alpaydin and Kaynak, 1998", "misc", author="Alpaydin, Ethem and Kaynak, Cenk",
        title="Optical Recognition of Handwritten Digits", howpublished="UCI Machine Learning Repository", year="1998",
        doi="10.24432/C50P49",
    ),
    "pedregosa2011": _article(
        "Pedregosa et al., 2011", "Pedregosa, Fabian and Varoquaux, Ga{\\\"e}l and Gramfort, Alexandre and others",
        "Scikit-learn: Machine Learning in {Python}", "Journal of Machine Learning Research", "12", "2825--2830", 2011,
    ),
    "lecun1998": _article(
        "LeCun et al., 1998", "LeCun, Yann and Bottou, L{\\'e}on and Bengio, Yoshua and Haffner, Patrick",
        "Gradient-Based Learning Applied to Document Recognition", "Proceedings of the IEEE", "86:11", "2278--2324",
        1998, "10.1109/5.726791",
    ),
    "xiao2017": _other(
        "Xiao et al., 2017", "misc", author="Xiao, Han and Rasul, Kashif and Vollgraf, Roland",
        title="{Fashion-MNIST}: A Novel Image Dataset for Benchmarking Machine Learning Algorithms", year="2017",
        eprint="1708.07747", archiveprefix="arXiv",
    ),
    "krizhevsky2009": _other(
        "Krizhevsky, 2009", "techreport", author="Krizhevsky, Alex",
        title="Learning Multiple Layers of Features from Tiny Images", institution="University of Toronto", year="2009",
    ),
    # networks and training
    "simonyan2015": _talk(
        "Simonyan and Zisserman, 2015", "Simonyan, Karen and Zisserman, Andrew",
        "Very Deep Convolutional Networks for Large-Scale Image Recognition",
        "International Conference on Learning Representations", 2015, eprint="1409.1556", archiveprefix="arXiv",
    ),
    "he2016": _talk(
        "He et al., 2016", "He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian",
        "Deep Residual Learning for Image Recognition",
        "IEEE Conference on Computer Vision and Pattern Recognition", 2016, pages="770--778",
        doi="10.1109/CVPR.2016.90",
    ),
    "kingma2015": _talk(
        "Kingma and Ba, 2015", "Kingma, Diederik P. and Ba, Jimmy", "{Adam}: A Method for Stochastic Optimization",
        "International Conference on Learning Representations", 2015, eprint="1412.6980", archiveprefix="arXiv",
    ),
    "loshchilov2019": _talk(
        "Loshchilov and Hutter, 2019", "Loshchilov, Ilya and Hutter, Frank", "Decoupled Weight Decay Regularization",
        "International Conference on Learning Representations", 2019, eprint="1711.05101", archiveprefix="arXiv",
    ),
    # programs
    "abadi2016": _talk(
        "Abadi et al., 2016", "Abadi, Mart{\\'i}n and Barham, Paul and Chen, Jianmin and others",
        "{TensorFlow}: A System for Large-Scale Machine Learning",
        "12th USENIX Symposium on Operating Systems Design and Implementation", 2016, pages="265--283",
    ),
    "liaw2018": _other(
        "Liaw et al., 2018", "misc",
        author="Liaw, Richard and Liang, Eric and Nishihara, Robert and Moritz, Philipp and Gonzalez, Joseph E. and "
        "Stoica, Ion",
        title="{Tune}: A Research Platform for Distributed Model Selection and Training", year="2018",
        eprint="1807.05118", archiveprefix="arXiv",
    ),
    "cnnjobs": _other(
        "cnnjobs contributors", "misc", author="{{cnnjobs contributors}}",
        title="{cnnjobs}: Repeat {CNN} Variants over Seeds and Folds, in Parallel, and See How Much of a Difference Is "
        "Chance", note="Computer program, Apache License 2.0",
    ),
}  # fmt: skip
"""Key -> what it stands for."""


def cited(text: str) -> list[str]:
    """Return the keys that a text cites, each once, in their order."""
    return list(dict.fromkeys(key for citation in _CITATION.findall(text) for key in _keys(citation)))


def plain(text: str) -> str:
    """Return a text with its citations in words: "(Holm, 1979)"."""
    return _CITATION.sub(lambda found: f"({'; '.join(REFERENCES[key].short for key in _keys(found[0]))})", text)


def latex(text: str) -> str:
    r"""Return a text for LaTeX with natbib: "\citep{holm1979}"."""
    pieces = []
    end = 0
    for found in _CITATION.finditer(text):
        pieces += [escaped(text[end : found.start()]), f"\\citep{{{','.join(_keys(found[0]))}}}"]
        end = found.end()
    return "".join([*pieces, escaped(text[end:])])


def bibtex(text: str) -> str:
    """Return the entries of exactly what a text cites."""
    return "\n\n".join(REFERENCES[key].entry(key) for key in cited(text))


def _keys(citation: str) -> Iterator[str]:
    return (part.strip().removeprefix("@") for part in citation.strip("[]").split(";"))
