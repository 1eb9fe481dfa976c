"""What a worker holds after each of six variants, and after all of them a second time."""

from typing import Any

from benchmarks.gpu_parts import card
from benchmarks.gpu_parts.settings import Settings, networks, photos, tell, worker_on


def measure(settings: Settings) -> None:
    """Train six variants twice in one worker, one epoch each; tell the memory after each trial."""
    import tensorflow as tf
    from support.training_runs import trials_of

    from cnnjobs.process.machine import process_bytes

    worker = worker_on(photos(settings, 2048), settings)
    after: list[dict[str, Any]] = []
    for turn in range(2):
        for name, variant in _variants(pretend=settings.pretend).items():
            [trial] = trials_of(variant.but(epochs=1), repeats=1)
            *_, result = worker.run(trial)
            held: dict[str, Any] = {} if settings.pretend else dict(tf.config.experimental.get_memory_info("GPU:0"))
            held = {f"gpu_{key}_mib": value >> 20 for key, value in held.items()}
            held |= {"process_mib": process_bytes() >> 20, "of_processes_mib": card.processes()}
            about = {"turn": turn + 1, "variant": name, "status": str(result.status), "retire": worker.retire_reason}
            after.append(about | held)
            tell(after=after)


def _variants(*, pretend: bool) -> dict[str, Any]:
    from cnnjobs import Augment, resnet, small_cnn, vgg, wide_resnet

    base = networks(pretend=pretend)["VGG-3"]
    if pretend:
        return {"VGG": base, "other filters": base.but(model=vgg(blocks=1, filters=2, dense=8))}
    return {
        "VGG-3": base,
        "VGG-3, augmented": base.but(augment=Augment(flip="horizontal", shift=0.1)),
        "VGG-3, bfloat16": base.but(precision="bfloat16"),
        "ResNet-20": base.but(model=resnet(depth=20)),
        "small CNN, batch 512": base.but(model=small_cnn(), batch_size=512),
        "WRN-10-2": base.but(model=wide_resnet(depth=10, width=2)),
    }
