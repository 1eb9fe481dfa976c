"""The text of a new job file."""

import textwrap

from cnnjobs.run.data_facts import DataFacts
from cnnjobs.run.job_choices import Choices
from cnnjobs.spec import BuiltinDataset
from cnnjobs.spec.data import PicturesSpec

WIDTH = 100
"""Columns of a generated file."""

OWN_NETWORK = '''
def network(input_shape, classes, width={filters}, dropout=0.0):
    """Return the network to train; change it as you like.

    It is called with (height, width, channels) of the pictures and the number of classes, gets pixels in [0, 1], and
    ends in one probability per class. What `custom(network, ...)` is given comes as keyword arguments, so that variants
    can differ in them. Change this function, and its trials run again. Keras is imported inside, because importing it
    takes seconds that `cnnjobs plan` and `cnnjobs status` need not wait for.
    """
    import keras

    layers = [keras.Input(input_shape)]
    for block in range({blocks}):
        layers += [
            keras.layers.Conv2D(width * 2**block, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(width * 2**block, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Dropout(dropout),
        ]
    layers += [
        keras.layers.Flatten(),
        keras.layers.Dense({dense}, activation="relu"),
        keras.layers.Dense(classes, activation="softmax"),
    ]
    return keras.Sequential(layers)

'''


def dataset_text(facts: DataFacts) -> str:
    """Return what the job says of its data: a name, a path, or `ImageFolder("photos", size=64)`.

    Args:
        facts: of the data.
    """
    if not isinstance(facts.spec, PicturesSpec):
        return quoted(facts.given)
    height, width = facts.size
    size = str(height) if height == width else f"({height}, {width})"
    return f"{type(facts.spec).__name__}({quoted(facts.given)}, size={size})"


def quoted(text: str) -> str:
    """Return a text as Python writes it, in double quotes where that is the same."""
    written = repr(text)
    return f'"{text}"' if written == f"'{text}'" and '"' not in text else written


def job_text(file: str, job: str, facts: DataFacts, *, own_network: bool) -> str:
    """Return a job file that runs as it stands.

    Args:
        file: its name, for the commands in it.
        job: name of the job.
        facts: of its data.
        own_network: whether the network is a function in the file.
    """
    chosen = Choices.for_data(facts)
    imports = ["Adam", "Augment", "Job", "Variant", "custom" if own_network else "vgg"]
    if isinstance(facts.spec, PicturesSpec):
        imports.append(type(facts.spec).__name__)
    names = ", ".join(sorted(imports, key=lambda name: (name.islower(), name)))
    parts = [
        f'"""{_question(facts)}\n\n{_commands(file)}\n\n{_about(facts)}\n"""\n',
        f"from cnnjobs import {names}\n",
        _own_network(chosen) if own_network else "",
        _baseline(facts, chosen, own_network=own_network),
        _job(job, facts, chosen, own_network=own_network),
    ]
    return "\n".join(filter(None, parts))


def _question(facts: DataFacts) -> str:
    name = facts.name.replace("\\", "/").replace('"', "'")
    return f"Do dropout or augmentation help a CNN on {name}, and by more than chance?"


def _commands(file: str) -> str:
    shown = f"'{file}'" if " " in file else file
    lines = [
        ("cnnjobs plan", shown, "what would run, and how large the networks are"),
        ("cnnjobs submit", shown, "trains what is missing, then compares the variants"),
        ("cnnjobs submit", f"{shown} --repeats 5", "trains two more of each: differences become clearer"),
    ]
    width = max(len(f"{command} {rest}") for command, rest, _ in lines)
    return "\n".join(f"    {f'{command} {rest}':{width}}  # {about}" for command, rest, about in lines)


def _about(facts: DataFacts) -> str:
    least, most = int(facts.counts.min()), int(facts.counts.max())
    each = f"{least:,} of each class" if least == most else f"{least:,} to {most:,} of each class"
    parts = [f"Data: {facts.rows:,} training pictures of {facts.classes} classes, {each}."]
    if isinstance(facts.spec, BuiltinDataset) and facts.spec.name != "digits":
        parts.append("Downloaded once by Keras." if not facts.is_here else "")
    elif not facts.has_test_set:
        parts.append("A test set was held out of all pictures, always the same one.")
    elif facts.validation:
        parts.append(f"Validation set of its own, {facts.validation:,} pictures, and a test set.")
    parts.append("`cnnjobs new` chose the numbers below by looking at the data; they are a beginning.")
    text = " ".join(filter(None, parts)).replace("\\", "/").replace('"', "'")
    return textwrap.fill(text, WIDTH)


def _own_network(chosen: Choices) -> str:
    return OWN_NETWORK.format(filters=chosen.filters, blocks=chosen.blocks, dense=chosen.dense)


def _comment(text: str, indent: str = "") -> str:
    begin = f"{indent}# "
    return textwrap.fill(text, WIDTH, initial_indent=begin, subsequent_indent=begin, break_on_hyphens=False)


def _model(chosen: Choices, *, own_network: bool, dropout: float = 0.0) -> str:
    if own_network:
        return f"custom(network, dropout={dropout})" if dropout else "custom(network)"
    more = f", dropout={dropout}" if dropout else ""
    return f"vgg(blocks={chosen.blocks}, filters={chosen.filters}, dense={chosen.dense}{more})"


def _baseline(facts: DataFacts, chosen: Choices, *, own_network: bool) -> str:
    height, width = facts.size
    sides = (
        f"{height >> one}" if height == width else f"{height >> one}x{width >> one}" for one in range(chosen.blocks + 1)
    )
    seen = f"{' -> '.join(sides)} pixels"
    network = (
        f"The network is the function above. Each of its blocks halves the pictures: {seen} per side."
        if own_network
        else f"The network: {chosen.blocks} block{'s' * (chosen.blocks > 1)} of convolutions, each of which halves the "
        f"pictures ({seen} per side); more `filters` can tell more apart, and take longer. Others: small_cnn(), "
        'resnet(depth=20), application("MobileNetV2") with pretrained weights, custom(function) for your own.'
    )
    training = (
        f"Training: {chosen.epochs} epochs of {-(-facts.trained // chosen.batch_size):,} steps of {chosen.batch_size} "
        "pictures. Where curves of the report still rise at the end, use more epochs; where the validation loss rises "
        "again, regularize, or use callbacks=(EarlyStopping(),)."
    )
    unequal = (
        f"The largest class has {facts.counts.max():,} training pictures and the smallest {facts.counts.min():,}: "
        "accuracy hides the small ones. Look at `cnnjobs aggregate --metric balanced_accuracy`, and try a variant "
        'baseline.but(class_weight="balanced").'
        if chosen.is_unequal
        else ""
    )
    model = _model(chosen, own_network=own_network)
    return "\n".join(
        [
            *(_comment(text) for text in (network, training, unequal) if text),
            "baseline = Variant(",
            f"    model={model},",
            "    optimizer=Adam(0.001),",
            f"    epochs={chosen.epochs},",
            f"    batch_size={chosen.batch_size},",
            ")\n",
        ]
    )


def _job(job: str, facts: DataFacts, chosen: Choices, *, own_network: bool) -> str:
    repeats = (
        "A training run differs from the next by chance alone: repeats show by how much. Three show whether it runs; "
        "a verdict needs at least five."
    )
    variants = (
        "Each variant is compared with the first. Let each change one thing, so that its difference is what that thing "
        'is worth. Augment(flip="horizontal") suits photos, and not digits or letters.'
    )
    return "\n".join(
        [
            "job = Job(",
            f"    name={quoted(job)},  # of its folder in results/",
            *(_comment(text, "    ") for text in _data_comments(facts)),
            f"    dataset={dataset_text(facts)},",
            _comment(repeats, "    "),
            f"    repeats={chosen.repeats},",
            _comment(_validation(facts, chosen), "    "),
            f"    validation={quoted('own') if facts.validation else 0.2},",
            _comment(variants, "    "),
            "    variants={",
            '        "baseline": baseline,',
            f'        "dropout": baseline.but(model={_model(chosen, own_network=own_network, dropout=0.2)}),',
            '        "augmentation": baseline.but(augment=Augment(shift=0.1, rotation=10)),',
            "    },",
            ")\n",
        ]
    )


def _data_comments(facts: DataFacts) -> list[str]:
    """Say what was chosen of the data, and what else can be."""
    if not isinstance(facts.spec, PicturesSpec):
        return []
    height, width = facts.size
    if facts.sizes is None:
        return [f"All pictures are {height} x {width} pixels. A smaller `size` trains faster."]
    were = ""
    if len(facts.sizes):
        least, most = ("{} x {}".format(*side) for side in (facts.sizes.min(axis=0), facts.sizes.max(axis=0)))
        were = f" of {least if least == most else f'{least} to {most}'} pixels (height x width)"
    return [
        f"Pictures{were} are stretched to {height} x {width}: larger ones show more, and take longer (twice the side, "
        'four times the time). resize="crop" or "pad" keeps their proportions.'
    ]


def _validation(facts: DataFacts, chosen: Choices) -> str:
    held = (
        "The data set's own validation set validates; it is never trained on."
        if facts.validation
        else "The fraction of the training pictures that validates, others in each repeat."
    )
    if chosen.most_folds < 2:
        return held
    return f"{held} Or cross-validate: folds={min(5, chosen.most_folds)} in its place."
