"""Where images lie and are made: the same bits on the host and on a device, and nothing is copied that need not be."""

import dataclasses

import numpy as np
import pytest
from support.promised import TRANSFORMS
from support.training_runs import AUGMENT, BUNDLED, in_fresh_process, load, outcome, plain, same, trial_of

from cnnjobs import Augment, ColorJitter, CutMix, Cutout, Flip, Grayscale, MixUp, PadCrop
from cnnjobs.planning.trials import seeds_of

EXACT = {
    "nothing": ((), ()),
    "moved": ((AUGMENT,), ()),
    "hidden": ((Flip(), PadCrop(2, fill="reflect"), Cutout(4)), ()),
    "mixed": ((Augment(flip="both", rotation=30, fill="reflect"),), (MixUp(probability=0.5), CutMix(probability=0.5))),
}
"""Transforms and mixings that come to the same bits by whatever way the graph is optimised."""

OTHERS = (Grayscale(probability=0.1), Cutout(4, fill="noise"), ColorJitter(saturation=0.5, hue=0.2))
EVERY = {"every kind": ((*TRANSFORMS[:-1], *OTHERS), (MixUp(),))}
"""All transforms but the user's."""

WAYS = EXACT | EVERY


def blocks_of(images, way, hand_over):
    """Return the blocks of an epoch as a replica gets them, and what then makes them ready."""
    import tensorflow as tf

    from cnnjobs.training.epoch_images import Sources
    from cnnjobs.training.hand_over import maker_of, place_images
    from cnnjobs.training.input_pipeline import Layout, fit_pixel_scaling, training_blocks

    transforms, mixings = WAYS[way]
    rows, seeds = np.arange(len(images))[::2], seeds_of(4, 0)
    scaling = fit_pixel_scaling("standardize", images, rows)
    data = (tf.constant(images), tf.range(len(images)), rows, tf.ones(len(images)), scaling, transforms)
    sources = Sources(*data, seeds.order, seeds.augment, mixings)
    placed = place_images(images, ["CPU:0"])
    return training_blocks(sources, Layout(len(rows), 8, 1, 2), 0, 0, hand_over), maker_of(placed, transforms, mixings)


@pytest.fixture(scope="module", params=["uint8", "float32"])
def images(request):
    made = np.random.default_rng(0).integers(0, 256, (45, 12, 10, 3)).astype(np.uint8)
    return made if request.param == "uint8" else made / np.float32(255)


def made_by(hand_over, images, way):
    """Return the columns of the first blocks, made ready on a replica."""
    import tensorflow as tf

    from cnnjobs.training.devices import make_strategy
    from cnnjobs.training.hand_over import HandOver

    blocks, maker = blocks_of(images, way, hand_over)
    if hand_over is HandOver.IMAGES:
        return [column.numpy() for block in blocks.take(2) for column in tf.nest.flatten(block)]
    made = tf.function(lambda block: make_strategy(1, 0, 1).run(maker, (block,)), autograph=False)
    return [column.numpy() for block in blocks.take(2) for column in tf.nest.flatten(made(block))]


@pytest.mark.parametrize("way", WAYS)
def test_images_that_a_device_makes_are_those_of_the_host(worker, images, way):
    from cnnjobs.training.hand_over import HandOver

    host, stored, rows = (made_by(one, images, way) for one in HandOver)
    assert all(np.array_equal(one, other) for one, other in zip(stored, rows, strict=True)), "wherever images lie"
    if way in EXACT:
        assert all(np.array_equal(one, other) for one, other in zip(host, rows, strict=True))
    else:  # the last bits of a division, and a level of 8 bits where they decide between two
        apart = [np.abs(one - other) > 1e-4 for one, other in zip(host, rows, strict=True)]
        assert max(one.mean() for one in apart) < 0.01


def lacking(graph):
    """Return the kinds of operations in a graph, and in the functions it calls, that a GPU cannot do, with types."""
    from tensorflow.python.framework import kernels

    def can(node):
        for kernel in kernels.get_registered_kernels_for_op(node.op).kernel:
            if kernel.device_type in ("GPU", "DEFAULT") and all(
                node.attr[rule.name].type in rule.allowed_values.list.type for rule in kernel.constraint
            ):
                return True
        return False

    made = graph.as_graph_def()
    nodes = [*made.node, *(node for function in made.library.function for node in function.node_def)]
    calls = {"StatefulPartitionedCall", "PartitionedCall", "StatelessWhile", "While", "StatelessIf", "If"}
    return {node.op for node in nodes if node.op not in calls and not can(node)}


@pytest.mark.parametrize("way", WAYS)
def test_a_gpu_can_do_all_that_makes_images(worker, way):
    import tensorflow as tf

    from cnnjobs.training.devices import make_strategy
    from cnnjobs.training.hand_over import HandOver

    blocks, maker = blocks_of(np.zeros((45, 12, 10, 3), np.uint8), way, HandOver.ROWS)
    made = tf.function(lambda block: make_strategy(1, 0, 1).run(maker, (block,)), autograph=False)
    graph = made.get_concrete_function(blocks.element_spec).graph
    assert "GatherV2" in {node.op for node in graph.as_graph_def().node}
    assert lacking(graph) == set()


def test_what_a_gpu_cannot_do_is_seen(worker):
    import tensorflow as tf

    made = tf.function(lambda text: tf.strings.upper(text), [tf.TensorSpec([], tf.string)])
    assert lacking(made.get_concrete_function().graph) == {"StringUpper"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [((0, 1), 0), ((1, 1), (2048 - 1536 << 20) // 4), ((0.5, 1), (2048 - 1536 << 20) // 4), ((2, 2), 512 << 18)],
)
def test_a_data_set_may_take_a_share_of_what_a_trial_has_of_a_gpu(worker, monkeypatch, asked, expected):
    from cnnjobs.training.devices import most_on_device

    assert most_on_device(*asked) == expected
    monkeypatch.setenv("CNNJOBS_ON_GPU_MB", "3")
    assert most_on_device(*asked) == (3_000_000 if asked[0] else 0)


def test_functions_of_the_users_run_on_the_host(worker, digits):
    from support.promised import faded

    from cnnjobs import transform
    from cnnjobs.training.hand_over import HandOver, hand_over_of, place_images

    placed = place_images(digits.x_train, ["CPU:0"])
    own = (Flip(), transform(faded, least=0.5))
    assert hand_over_of(own, own_devices=True, images=placed) is HandOver.IMAGES
    assert hand_over_of(own[:1], own_devices=True, images=placed) is HandOver.ROWS
    assert hand_over_of(own[:1], own_devices=True, images=place_images(digits.x_train, ())) is HandOver.STORED
    assert hand_over_of(own[:1], own_devices=False, images=placed) is HandOver.IMAGES


VARIANTS = {
    "moved": plain(BUNDLED["small_cnn"], augment=AUGMENT, epochs=2),
    "mixed": plain(
        BUNDLED["vgg"],
        augment=(Flip(), MixUp(probability=0.5), CutMix(probability=0.5)),
        epochs=2,
        accumulate=2,
        batch_size=40,
    ),
}

SCRIPT = """
from benchmarks.crossings import Graphs
from cnnjobs.training.devices import make_strategy
from cnnjobs.training.trial import TrialWorker
from test_data_on_devices import VARIANTS
make_strategy(1, replicas, replicas)
graphs, seen = Graphs(), {}
data = digits(rows=500)
for way in ("on the device", "on the host"):
    os.environ["CNNJOBS_ON_GPU_MB"] = "9" if way == "on the device" else "0"
    worker = TrialWorker(data, cpus=1, gpus=replicas, replicas=replicas)
    for name, variant in VARIANTS.items():
        first, second = trials_of(variant, replicas=replicas)[:2]
        np.savez(folder / f"{way} {name}.npz", **outcome(worker, first))
        sent = graphs.sent(lambda: [*worker.run(second)]) if replicas == 1 else {}
        seen[f"{way} {name}"] = [[*one, count] for one, count in sent.items()]
print(json.dumps(seen))
"""


@pytest.fixture(scope="module", params=[1, 2])
def trained(request, tmp_path_factory):
    """How many devices, what trials on them came to, and what was sent to them."""
    folder = tmp_path_factory.mktemp("devices")
    here = __file__.rpartition("/")[0]
    start = f"replicas = {request.param}\nsys.path[:0] = [{here!r}, {str(here.rpartition('/tests')[0])!r}]\n"
    seen = in_fresh_process(f"{start}{SCRIPT}", folder)
    return request.param, {path.stem: load(path) for path in folder.glob("*.npz")}, seen


@pytest.mark.parametrize("name", VARIANTS)
def test_a_trial_has_the_same_bits_wherever_its_images_lie(worker, digits, trained, name):
    from cnnjobs.training.trial import TrialWorker

    replicas, found, _ = trained
    assert same(found[f"on the device {name}"], found[f"on the host {name}"])
    if replicas == 1:
        few = dataclasses.replace(digits, x_train=digits.x_train[:500], y_train=digits.y_train[:500])
        on_cores = TrialWorker(few, cpus=1, gpus=0, replicas=1)
        assert same(found[f"on the device {name}"], outcome(on_cores, trial_of(VARIANTS[name])))


@pytest.mark.parametrize("trained", [1], indirect=True)
@pytest.mark.parametrize("way", ["on the device", "on the host"])
def test_no_data_set_goes_to_a_device_and_no_block_twice(trained, way):
    _, _, seen = trained
    for name in VARIANTS:
        sent = seen[f"{way} {name}"]
        arguments = {(kind, dtype) for kind, _, _, dtype, _ in sent if kind == "_Arg"}
        assert ("_Arg", "uint8") not in arguments, "the images of the data set"
        stored = [count for kind, _, _, dtype, count in sent if dtype == "uint8"]
        columns = [count for kind, _, _, _, count in sent if kind == "IteratorGetNext"]
        assert columns
        blocks = 2  # an epoch of 400 rows, in blocks of at most 16 steps
        assert max(columns) <= 2 * blocks, "epochs x blocks"
        assert bool(stored) == (way == "on the host")
