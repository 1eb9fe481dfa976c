"""Which regularization helps a three-block VGG on CIFAR-10?

    cnnjobs submit jobs/regularization_grid.py
    cnnjobs submit jobs/regularization_grid.py --epochs 2 --repeats 2 --limit-train 2000    # a try

Data: CIFAR-10, downloaded by Keras (170 MB), or `--dataset PATH` for an image folder of it.
The test set doubles as the validation set, as in the tutorial the grid comes from.
"""

from cnnjobs import SGD, Augment, Job, Variant, vgg

moved = Augment(flip="horizontal", shift=0.1)
increasing = (0.2, 0.3, 0.4, 0.5)

baseline = Variant(model=vgg(blocks=3), optimizer=SGD(0.001, momentum=0.9), epochs=100, batch_size=64)

job = Job(
    name="regularization-grid",
    dataset="cifar10",
    repeats=10,
    validation="test",
    variants={
        "baseline": baseline,
        "dropout": baseline.but(model=vgg(blocks=3, dropout=0.2)),
        "weight decay": baseline.but(model=vgg(blocks=3, weight_decay=0.001)),
        "augmentation": baseline.but(augment=moved),
        "increasing dropout": baseline.but(model=vgg(blocks=3, dropout=increasing), epochs=200),
        "dropout + augmentation": baseline.but(model=vgg(blocks=3, dropout=0.2), augment=moved, epochs=200),
        "increasing dropout + augmentation + batch norm": baseline.but(
            model=vgg(blocks=3, dropout=increasing, batch_norm=True), augment=moved, epochs=400
        ),
    },
)
