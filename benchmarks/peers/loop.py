"""A plain loop over Keras's `fit` in one process, which uses all cores.

With a third word `reuse` the network of a variant is compiled once, and started again for each repeat.
"""

import sys
from typing import Any

from benchmarks.peers.work import Data, Work, asked, compiled, fit, load, network, save

REUSE = "reuse"


def start_again(model: Any, work: Work, variant: str, data: Data, repeat: int) -> None:
    """Give a network that was trained the weights of a new one, and its optimizer nothing to remember."""
    import keras

    keras.utils.set_random_seed(repeat)
    model.set_weights(network(data.x.shape[1:], **work.variants[variant]).get_weights())
    for variable in model.optimizer.variables:
        variable.assign(keras.ops.zeros_like(variable))
    model.optimizer.learning_rate = work.optimizer_options["learning_rate"]


def main() -> None:
    """Train all trials."""
    work, folder = asked()
    data = load(work)
    if sys.argv[3:] != [REUSE]:
        for variant, repeat in work.trials():
            save(folder, fit(work, data, variant, repeat))
        return
    for variant in work.variants:
        model = compiled(work, variant, data)
        for repeat in range(work.repeats):
            start_again(model, work, variant, data, repeat)
            save(folder, fit(work, data, variant, repeat, model=model))


if __name__ == "__main__":
    main()
