"""The report's glossary: the terms that it uses, and no others."""

import re
from collections.abc import Iterable, Iterator, Mapping

from cnnjobs.report.model import Chart, Element, ReportTable, Section, Terms, Text

TITLE = "Glossary"

MOST_ROWS = 100
"""Cells of longer tables are not searched for terms: they are numbers, and images."""

MEANINGS: Mapping[str, tuple[str, str]] = {
    "allowing for the stop": (
        r"allowing for the stop",
        "The mean difference, corrected for stopping at a moment at which the difference looked convincing.",
    ),
    "CI": (
        r"\bCI\b|confidence interval",
        "Confidence interval. Intervals made in this way at 95% hold the true value in 95 of 100 studies.",
    ),
    "churn": (r"[Cc]hurn", "The share of test images on which two repeats of one variant predict different classes."),
    "Cochran's Q": (
        r"Cochran's Q",
        "A test of whether repeats differ in accuracy by more than chance on these images.",
    ),
    "confusion matrix": (
        r"[Cc]onfusion matri",
        "A table of images by true class (rows) and predicted class (columns); errors are off its diagonal.",
    ),
    "d_z": (
        r"\bd_z\b",
        "Effect size of pairs: their mean difference over their SD. At 1 the mean is as large as the spread.",
    ),
    "distribution-wise SD": (
        r"[Dd]istribution-wise",
        "The SD of accuracy over repeats that would be left on an endless test set: real differences between repeats.",
    ),
    "diverged": (r"\bdiverged\b", "Of a run: its loss stopped being a finite number, so that it has no result."),
    "ensemble": (r"[Ee]nsemble", "Several trained networks that predict together, here by the mean of probabilities."),
    "equal to the bit": (
        r"equal to the bit",
        "Two variants whose runs agree in every stored number: the settings in which they differ have no effect.",
    ),
    "expected calibration error": (
        r"[Ee]xpected calibration error",
        "The gap between confidence and accuracy, averaged over predictions; 0 for a network that is calibrated.",
    ),
    "F1": (r"\bF1\b", "The harmonic mean of precision and recall of a class."),
    "floor SD": (
        r"\b[Ff]loor\b",
        "The SD over repeats that a test set of this size causes alone, if all repeats were equally good.",
    ),
    "fold": (
        r"\bfolds?\b",
        "In cross-validation, one of the parts of the training images; each is the validation set of one run.",
    ),
    "given up": (r"given up", "Of a variant: all repeats that are allowed would hardly decide, so none was added."),
    "half width": (
        r"[Hh]alf width",
        "Half the length of a confidence interval: the mean is known to plus or minus that.",
    ),
    "Holm": (
        r"\bHolm\b",
        "Holm's method makes p larger where several variants are compared, so that the chance of any false verdict "
        "among all of them stays below the level.",
    ),
    "interaction": (r"[Ii]nteraction", "By how much the effect of one setting depends on the value of another."),
    "look": (
        r"\blook(s|ed)?\b",
        "A comparison that was shown while runs were still being added. Each gives chance another opportunity.",
    ),
    "main effect": (r"[Mm]ain effect", "What changing one setting does on average over all values of the others."),
    "margin": (r"\b[Mm]argin\b", "The smallest difference that is worth knowing about."),
    "McNemar": (r"McNemar", "A test of two single networks by the images on which only one of them is right."),
    "not resolved": (
        r"not resolved",
        "These runs cannot tell the difference from chance. It does not mean that there is none.",
    ),
    "overconfidence": (
        r"[Oo]verconfiden",
        "Mean confidence minus accuracy; above 0 a network is surer than it is right.",
    ),
    "P(A > B)": (
        r"P\(A > B\)",
        "The share of pairs in which variant A is better than B, ties counting half: how often a single run would win.",
    ),
    "p": (
        r"\bp\b",
        "The probability of a difference at least as large as the one seen, if the variants did not differ.",
    ),
    "paired difference": (
        r"\b[Pp]air(s|ed)?\b",
        "A variant's run minus the reference's run of the same repeat, which has the same seeds and images, so that "
        "what they have in common cancels.",
    ),
    "pilot": (r"\b[Pp]ilot\b", "The first repeats, whose SD decides how many are needed in all."),
    "precision": (r"\b[Pp]recision\b", "Of the images that are said to be of a class, the share that are."),
    "probability of being best": (
        r"probabilit(y|ies) of being best",
        "How probable it is, given these runs, that a variant has the best mean of all.",
    ),
    "Q1, Q3": (r"\bQ1\b", "Quartiles: a quarter of the runs is below Q1, and a quarter above Q3."),
    "recall": (r"\b[Rr]ecall\b", "Of the images of a class, the share that is found."),
    "reference": (r"\breference\b", "The variant that all others are compared with: the first of the job."),
    "repeat": (
        r"\b[Rr]epeats?\b",
        "One round of training with its own seeds; a repeat has the same seeds in all variants.",
    ),
    "ROC AUC": (
        r"ROC AUC|area under the ROC",
        "Area under the ROC curve: the probability that an image of the class gets a higher score than another one.",
    ),
    "SD": (
        r"\bSD\b",
        "Standard deviation: how far runs typically lie from their mean. ddof=1: the sum of squares is over n - 1.",
    ),
    "sequential p": (r"sequential p\b", "A p that stays valid however often one looks while runs are added."),
    "sign flips": (
        r"[Ss]ign.flip",
        "An exact test without normality: the share of all ways to give the pairs a sign in which their mean is at "
        "least as far from 0.",
    ),
    "t test": (r"\bt tests?\b", "A test of whether a mean differs from 0, by its ratio to its standard error."),
    "test-time augmentation": (
        r"[Tt]est-time augment",
        "Predicting a test image as the mean over several views of it, such as the image and its mirror image.",
    ),
    "Welch": (r"\bWelch\b", "The t test of two groups of runs without pairs, whose SDs may differ."),
}
"""Term -> what finds it in a text, and what it means."""


def glossary_section(sections: Iterable[Section]) -> Section | None:
    """Return the terms that sections use and what they mean; None if they use none.

    Args:
        sections: of the report, without the glossary.
    """
    said = "\n".join(text for section in sections for text in _texts(section))
    used = {term: meaning for term, (pattern, meaning) in MEANINGS.items() if re.search(pattern, said)}
    if not used:
        return None
    return Section(TITLE, [Terms({term: used[term] for term in sorted(used, key=str.casefold)})], folded=True)


def _texts(section: Section) -> Iterator[str]:
    """Yield all that a reader sees of a section."""
    yield from (section.title, section.how_to_read)
    for element in section.elements:
        yield from _texts_of(element)
    for part in section.sections:
        yield from _texts(part)


def _texts_of(element: Element) -> Iterator[str]:
    if isinstance(element, Text):
        yield element.text
    elif isinstance(element, Chart):
        yield element.title
    elif isinstance(element, ReportTable):
        yield from (element.title, *element.header)
        if len(element.rows) <= MOST_ROWS:
            yield from (cell for cells in element.cells for cell in cells[1:])  # the first is somebody's own name
