"""Which parts of a modern training recipe improve a small ResNet, and which could be left out?

    cnnjobs submit jobs/modern_recipe.py
    cnnjobs submit jobs/modern_recipe.py --dataset FOLDER --limit-train 1200 --epochs 8 --results try

Data: CIFAR-10, downloaded once by Keras (170 MB), or `--dataset FOLDER` for an image folder of it. The recipe is that
of ResNet-20 on CIFAR-10 (He et al., 2016: pad, crop and flip, SGD with momentum, L2 of 1e-4) with techniques that have
become common since: Nesterov momentum, warm-up and cosine decay, label smoothing, and averaged weights. Every other
variant removes or changes one technique, so that its difference from the first variant shows the technique's effect.
A sixth of the training rows is the validation set, but nothing is selected on it. 7 variants x 5 repeats.

published (He et al., 2016, table 6; one run of 64,000 steps of 128 images, step schedule, no smoothing, no average):
    ResNet-20 91.25%
measured: not yet with enough data and epochs to rank the variants
"""

from cnnjobs import SGD, AdamW, CosineDecay, CrossEntropy, Flip, Job, PadCrop, Variant, Warmup, resnet

recipe = Variant(
    model=resnet(depth=20, weight_decay=1e-4),
    optimizer=SGD(0.1, momentum=0.9, nesterov=True),
    schedule=Warmup(epochs=1, then=CosineDecay()),
    loss=CrossEntropy(label_smoothing=0.1),
    augment=(PadCrop(4), Flip()),
    ema=0.999,
    epochs=100,
    batch_size=128,
)

job = Job(
    name="modern-recipe",
    dataset="cifar10",
    repeats=5,
    validation=1 / 6,
    variants={
        "recipe": recipe,
        "no crops": recipe.but(augment=Flip()),
        "no augmentation": recipe.but(augment=None),
        "no label smoothing": recipe.but(loss=None),
        "constant learning rate": recipe.but(schedule=None),
        "no average of weights": recipe.but(ema=None),
        "AdamW": recipe.but(model=resnet(depth=20), optimizer=AdamW(0.002, weight_decay=0.05)),
    },
)
