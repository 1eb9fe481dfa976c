"""Which optimizer and learning rate schedule train the VGG baseline with dropout best on CIFAR-10 in 100 epochs?

    cnnjobs submit jobs/learning_rates.py
    cnnjobs submit jobs/learning_rates.py --epochs 20% --repeats 5 --limit-train 2500 --results try

Data: CIFAR-10, downloaded once by Keras (170 MB), or `--dataset PATH` for an image folder of it. A fifth of the
training rows is held out for the callbacks that halve the learning rate, stop early or keep the best weights.
9 variants x 5 repeats x at most 100 epochs.

source: Jason Brownlee, "How to Develop a CNN From Scratch for CIFAR-10 Photo Classification", Machine Learning Mastery,
https://machinelearningmastery.com/how-to-develop-a-cnn-from-scratch-for-cifar-10-photo-classification/

published: none; proposed as an extension of dropout (83.45% in one run on the test set)
measured: not yet with enough data and epochs to rank the variants
"""

from cnnjobs import (
    SGD,
    Adam,
    BestWeights,
    CosineDecay,
    Cyclical,
    EarlyStopping,
    Job,
    Nadam,
    ReduceLROnPlateau,
    RMSprop,
    Variant,
    grid,
    vgg,
)

fixed = Variant(model=vgg(blocks=3, dropout=0.2), optimizer=SGD(0.001, momentum=0.9), epochs=100, batch_size=64)
faster = fixed.but(optimizer=SGD(0.01, momentum=0.9))
optimizers = {
    "SGD 0.001": fixed.optimizer,
    "Adam": Adam(0.001),
    "Nadam": Nadam(0.001),
    "RMSprop": RMSprop(0.001),
}

job = Job(
    name="learning-rates",
    dataset="cifar10",
    repeats=5,
    variants={
        **grid(fixed, optimizer=optimizers),
        "SGD 0.01, cyclical": faster.but(schedule=Cyclical(low=0.1, epochs=8)),
        "SGD 0.01, cosine": faster.but(schedule=CosineDecay()),
        "SGD 0.01, halving on plateau": faster.but(callbacks=ReduceLROnPlateau(factor=0.5, patience=5)),
        "Adam, stopping early": fixed.but(
            optimizer=Adam(0.001), callbacks=EarlyStopping(patience=10, restore_best=True)
        ),
        "Adam, best weights": fixed.but(optimizer=Adam(0.001), callbacks=BestWeights()),
    },
)
