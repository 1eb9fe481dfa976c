"""Which regularization improves a three-block VGG on CIFAR-10, and by more than chance?

    cnnjobs submit jobs/regularization_grid.py
    cnnjobs submit jobs/regularization_grid.py --epochs 20% --repeats 5 --limit-train 2500 --results try

Data: CIFAR-10, downloaded once by Keras (170 MB), or `--dataset PATH` for an image folder of it. As in the tutorial,
the test set is also the validation set, but nothing is selected on it. 7 variants x 10 repeats.

source: Jason Brownlee, "How to Develop a CNN From Scratch for CIFAR-10 Photo Classification", Machine Learning Mastery,
https://machinelearningmastery.com/how-to-develop-a-cnn-from-scratch-for-cifar-10-photo-classification/

published (one run each, test accuracy):
    baseline 73.50%, dropout 83.45%, weight decay 72.55%, augmentation 84.47%, increasing dropout 84.69%,
    dropout + augmentation 85.88%, increasing dropout + augmentation + batch norm 88.62%
measured: not yet with enough data and epochs to rank the variants
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
