"""The report's section on methods: how the job was run and compared, ready to be pasted into a paper, with BibTeX."""

from collections.abc import Iterator, Mapping

from cnnjobs.comparison.decided_words import margin_text
from cnnjobs.comparison.half_width import asked_for
from cnnjobs.comparison.selection import watching, weights
from cnnjobs.comparison.settings import settings_of
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.model import Passage, Section
from cnnjobs.report.references import bibtex, latex, plain
from cnnjobs.report.sections.comparison import interval_over
from cnnjobs.report.sections.seed_audit import FEW, varying_sources
from cnnjobs.report.sections.setup import period_text, size_text
from cnnjobs.stats.pairs import FEWEST_PAIRS
from cnnjobs.store.stored_job import StoredJob
from cnnjobs.wording.labels import listed

TITLE = "Methods"

HOW_TO_READ = (
    "Words for the methods section of a paper or a thesis, made from what the runs stored. Read them before you use "
    "them, and add why the data and the variants were chosen, which no program knows."
)

DATASETS: Mapping[str, str] = {
    "digits": "the scanned digits of scikit-learn [@alpaydin1998; @pedregosa2011]",
    "mnist": "MNIST [@lecun1998]",
    "fashion_mnist": "Fashion-MNIST [@xiao2017]",
    "cifar10": "CIFAR-10 [@krizhevsky2009]",
    "cifar100": "CIFAR-100 [@krizhevsky2009]",
}
"""Built-in data set -> its name, with what it is cited by."""

CITED: Mapping[str, str] = {
    "Adam": "[@kingma2015]",
    "Adamax": "[@kingma2015]",
    "AdamW": "[@loshchilov2019]",
    "ResNet": "[@he2016]",
    "VGG16": "[@simonyan2015]",
}
"""Optimizer or network -> what it is cited by."""

MOST_NAMED = 5
"""More variants than these are only counted."""

PROGRAMS = (
    ("tensorflow", "TensorFlow", " [@abadi2016]"),
    ("keras", "Keras", ""),
    ("numpy", "NumPy", ""),
    ("python", "Python", ""),
    ("ray", "Ray Tune", " [@liaw2018]"),
)
"""Version that runs keep -> the program's name, and what it is cited by."""

MIXED = ("cnnjobs", "tensorflow", "keras", "numpy", "device")
"""Of what it is said that runs have several."""


def methods_section(table: JobTable) -> Section | None:
    """Return what was done in words to be pasted; None without a run."""
    if not any(row.ended for row in table.rows):
        return None
    paragraphs = [" ".join(part(table)) for part in (_data, _training, _statistics, _programs)]
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    sources = [
        Passage("methods.tex", "The same for LaTeX, with natbib", latex(text), code=True),
        Passage("references.bib", "BibTeX of what it cites", bibtex(text), code=True),
    ]
    return Section(
        TITLE,
        [Passage("methods.txt", "Methods, to be pasted", plain(text))],
        [Section("LaTeX and BibTeX", sources, folded=True)],
        how_to_read=HOW_TO_READ,
    )


def dataset_words(job: StoredJob) -> str:
    """Return what a data set is called, with its citation if it is a well-known one."""
    source = job.dataset.source
    if isinstance(source, Mapping) and source.get("kind") == "Named":
        return DATASETS.get(str(source.get("name")), f"the data set {job.dataset.name}")
    folder = isinstance(source, Mapping) and source.get("kind") == "ImageFolder"
    return f"pictures in folders ({job.dataset.name})" if folder else f"the data set {job.dataset.name}"


def _data(table: JobTable) -> Iterator[str]:
    """Yield sentences on data and protocol."""
    job, data = table.job, table.job.dataset
    size = f" of {said}" if (said := size_text(job)) else ""
    own = "" if data.validation_rows is None else f", {data.validation_rows:,} for validation"
    limited = "" if job.protocol.limit_train is None else " (a part of those there are)"
    yield (
        f"We used {dataset_words(job)}: images{size}, in {data.classes} classes, {data.train_rows:,} for training"
        f"{limited}{own} and {data.test_rows:,} for testing."
    )
    yield from _protocol(job)
    if job.protocol.groups:
        yield "Images of one group were kept on one side of every split."


def _protocol(job: StoredJob) -> Iterator[str]:
    protocol = job.protocol
    anew = "drawn anew in each repeat" if "split" in job.vary else "the same in each repeat"
    classes = ", with the classes in proportion" if protocol.stratify and not protocol.groups else ""
    if protocol.folds:
        yield f"Variants were evaluated by {protocol.folds}-fold cross-validation on the training images{classes}; the"
        yield f"folds were {anew}."
    elif protocol.validation == "test":
        yield "The test images also served as validation images."
        if choosing := watching(job):
            yield f"Training of {listed(choosing)} was steered by them, so that its test figures are optimistic."
    elif protocol.validation == "own":
        yield "The validation images are those of the data set, the same in each repeat."
    elif protocol.validation is None:
        yield "No images were held out for validation."
    else:
        share = f"{100 * float(protocol.validation):.3g}%"
        yield f"Of the training images {share} were held out for validation{classes}, {anew}."


def _training(table: JobTable) -> Iterator[str]:
    """Yield sentences on variants, training and repeats."""
    job, names = table.job, list(table.job.variants)
    settings = settings_of(job)
    differing = [setting.term for setting in settings if setting.differs]
    if job.audit is not None:
        yield f"The variant {job.audit.variant} of the job {job.audit.job} was trained with one source of chance"
        yield f"varying at a time and the others held fixed: {listed(names)}."
    elif len(names) == 1:
        yield f"One variant was trained, {names[0]}."
    else:
        about = f"; they differ in {_joined(differing)}" if differing else ""
        named = f" ({', '.join(names)})" if len(names) <= MOST_NAMED else ""
        yield f"We compared {len(names)} variants{named}{about}."
    yield from _in_common(table, {setting.term: setting.common for setting in settings if not setting.differs})
    yield from _repeats(table)


def _in_common(table: JobTable, common: Mapping[str, str]) -> Iterator[str]:
    """Yield network, size and main settings of training, as far as all variants have them in common."""
    all_of_them = "All are" if len(table.rows) > 1 else "It is"
    network, sizes = common.get("network"), sorted({row.parameters for row in table.rows if row.parameters is not None})
    size = f"{sizes[0]:,}{f' to {sizes[-1]:,}' if len(sizes) > 1 else ''} parameters" if sizes else ""
    if network:
        yield f"{all_of_them} of the type {_with_citation(network)}{' with ' if size else ''}{size}."
    elif size:
        yield f"They have {size}."
    said = [f"for {common['epochs']} epochs"] if "epochs" in common else []
    if "optimizer" in common:
        rate = f" at a learning rate of {common['learning rate']}" if "learning rate" in common else ""
        said.append(f"by {_with_citation(common['optimizer'])}{rate}")
    said += [f"with a batch size of {common['batch size']}"] if "batch size" in common else []
    if said:
        yield f"Training ran {', '.join(said)}."


def _with_citation(name: str) -> str:
    return f"{name} {CITED[name]}" if name in CITED else name


def _repeats(table: JobTable) -> Iterator[str]:
    """Yield how often variants were trained, and with which seeds."""
    job, runs = table.job, sorted({len(row.values) for row in table.rows})
    count = f"{runs[0]} to {runs[-1]}" if len(runs) > 1 else f"{runs[0]}"
    folds = f", {job.protocol.folds} folds in each repeat" if job.protocol.folds else ""
    each = "Each" if len(table.rows) > 1 else "It"
    yield f"{each} was trained in {count} run{'s' * (runs[-1] != 1)}{folds}."
    if job.audit is None:
        varying = varying_sources(job)
        paired = "; repeat r had the same seeds in every variant" if len(table.rows) > 1 else ""
        yield f"Repeats differ in {_joined(varying) if varying else 'nothing'}{paired}."
    lost = {row.name: row.diverged for row in table.rows if row.diverged}
    if lost:
        yield f"Runs that diverged are left out: {', '.join(f'{count} of {name}' for name, count in lost.items())}."


def _statistics(table: JobTable) -> Iterator[str]:
    """Yield sentences on what was measured, and how it was compared."""
    metric, job = table.metric, table.job
    if job.audit is not None:
        yield (
            f"We report the standard deviation (ddof=1) over repeats of the {metric.words} of {weights(job)}, for each "
            "source of chance, with a chi-squared interval, and its ratio to that with all sources varying, from "
            f"{FEW} repeats on with an interval that does not suppose normal values [@bonett2006]; such sources in "
            "benchmarks are discussed elsewhere [@bouthillier2021]."
        )
        return
    yield from _means(table)
    if table.ended_by_rule:
        yield from _by_rule(table)
    elif table.comparisons:
        yield from _compared(table)


def _means(table: JobTable) -> Iterator[str]:
    over = interval_over(table).replace(" (Nadeau and Bengio, 2003)", "").replace(" (Nadeau, Bengio, 2003)", "")
    cited = " [@nadeau2003]" if table.design.overlap else ""
    of = "fold means" if table.design.same_folds else "runs"
    yield (
        f"We report the mean {table.metric.words} of {weights(table.job)}, with its standard deviation over {of} "
        f"(ddof=1) and a {table.level} t interval [@student1908] for {over}{cited}."
    )
    if table.job.half_width is not None:
        rule = table.job.half_width
        yield (
            f"The number of runs of each variant follows from a half width of {asked_for(rule)} by Stein's two-stage "
            f"rule with a pilot of {rule.pilot} repeats [@stein1945]."
        )


def _by_rule(table: JobTable) -> Iterator[str]:
    rule, ruling = table.job.decide, table.ruling
    assert rule is not None, "of a job with a rule"
    margin = "" if rule.margin is None else f", and equal if it lies within {margin_text(rule)} of 0"
    yield (
        f"Repeats were added until each variant was decided against {table.reference}, at most {rule.most_repeats}, "
        "with a look at the results after every repeat from the fifth pair on. A variant is called better or worse if "
        f"a repeated confidence interval [@jennison2000] of its mean difference leaves out 0{margin}. False verdicts "
        f"occur in at most {100 * rule.alpha:g}% of such studies over all looks, for normally distributed differences."
    )
    if ruling is not None and ruling.family > 1:
        yield f"Holm's adjustment [@holm1979] over {ruling.family} comparisons was made at every look."
    if ruling is None:
        yield "The comparison given here is another than that of the rule: estimates, without a test."


def _compared(table: JobTable) -> Iterator[str]:
    compared = table.comparisons
    who = "Each of the other variants was" if len(compared) > 1 else f"{next(iter(compared))} was"
    pairs = sorted({one.difference.n for one in compared.values()})
    count = f"{pairs[0]} to {pairs[-1]}" if len(pairs) > 1 else f"{pairs[0]}"
    of = "pairs of fold means" if table.design.same_folds else f"pair{'s' * (pairs[-1] != 1)}"
    corrected = ", corrected for training images that runs share" if table.design.overlap else ""
    welch = any(not one.difference.n and one.difference.mean is not None for one in compared.values())
    unpaired = "; without pairs, by Welch's test [@welch1947]" if welch else ""
    yield f"{who} compared with {table.reference} by a two-sided paired t test over {count} {of}{corrected}{unpaired}."
    if table.secondary:
        yield f"The comparison is secondary ({table.secondary}): p and intervals are not adjusted and give no verdict."
        return
    yield from _verdicts(table)
    if pairs[-1] < FEWEST_PAIRS:
        yield "No variant has five pairs, so that all differences are estimates without a verdict."
    yield (
        "In addition we computed the effect size d_z (mean over standard deviation of the pairs), the exact sign-flip "
        "test [@fisher1935], and P(A > B), the share of pairs that a variant wins [@bouthillier2021], with its exact "
        "interval [@clopper1934]."
    )
    if table.looked.most > 1:
        yield (
            f"The comparison was looked at {table.looked.most} times while runs were added, without an adjustment for "
            "that, which makes false verdicts more frequent."
        )


def _verdicts(table: JobTable) -> Iterator[str]:
    """Yield when a difference is called resolved."""
    family = max((one.family for one in table.comparisons.values()), default=0)
    if family < 2:
        yield f"A difference is called resolved if there are at least five pairs and p is below {table.alpha:g}."
        return
    dropped = "" if not table.dropped else f", {table.dropped} of them with variants that are no longer in the job"
    yield (
        f"P values were adjusted by Holm's method over {family} comparisons [@holm1979]{dropped}. A difference is "
        f"called resolved if there are at least five pairs and the adjusted p is below {table.alpha:g}; its interval "
        f"then has the level at which it was resolved, and the others are at {table.level}."
    )


def _programs(table: JobTable) -> Iterator[str]:
    """Yield sentences on programs, hardware and dates."""
    found = table.provenance
    if "cnnjobs" in found:
        used = [f"cnnjobs {_values(found, 'cnnjobs')} [@cnnjobs]"]
        used += [f"{name} {_values(found, key)}{cited}" for key, name, cited in PROGRAMS if key in found]
        period = f" ({period_text(table)})" if table.period else ""
        yield f"Runs were trained{period} with {_joined(used)}."
    if "device" in found:
        cores = (
            f", {_values(found, 'cpus')} CPU core{'s' * (found['cpus'] != ('1',))} per run" if "cpus" in found else ""
        )
        gpus, replicas = (_values(found, key) if key in found else "0" for key in ("gpus", "replicas"))
        with_gpus = f", {gpus} GPU{'s' * (gpus != '1')} per run" if gpus != "0" else ""
        parallel = f", in data parallel on {replicas} replicas" if replicas not in ("0", "1") else ""
        yield f"Hardware: {_values(found, 'device')}{cores}{with_gpus}{parallel}."
    mixed = [key for key, values in found.items() if len(values) > 1 and key in MIXED]
    if mixed:
        yield f"Runs of different {_joined(mixed)} are mixed; a part of a difference may be theirs."
    if table.stale:
        runs = "1 stored run" if table.stale == 1 else f"{table.stale:,} stored runs"
        yield f"{runs} of earlier settings or data {'is' if table.stale == 1 else 'are'} left out."
    if table.damaged:
        yield f"Of the stored files {len(table.damaged)} could not be read; their runs are missing."


def _values(found: Mapping[str, tuple[str, ...]], key: str) -> str:
    """Return the values of a version; several are a mixture."""
    return " and ".join(value.removesuffix(".0") if key == "gpus" else value for value in found[key])


def _joined(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
