"""Which optimizer and schedule train the VGG baseline with dropout best in 100 epochs on CIFAR-10?

    cnnjobs submit jobs/learning_rates.py
    cnnjobs submit jobs/learning_rates.py --epochs 2 --repeats 2 --limit-train 2000 --results try

Data: CIFAR-10, downloaded once by Keras (170 MB), or `--dataset PATH` for an image folder of it. A fifth of train is
held out for what halves the rate, stops early or keeps the best weights. 9 variants x 5 repeats x 100 epochs at most.

published: none; proposed as an extension of dropout (83.45% in one run on the test set)
measured: only that it runs, on CIFAR-10 photos re-encoded as JPEG (an image folder): 2,000 training images, 2 epochs,
mean (SD) of 2 repeats on the 10,000 test images; 11 min on two cores that were shared, no GPU. Too short to rank
anything:
    SGD 0.001 12.7% (1.1), Adam 14.9% (2.9), Nadam 22.8% (3.8), RMSprop 14.7% (3.1), cyclical 14.8% (4.2), cosine
    12.3% (0.8), halving on plateau 14.4% (0.3); stopping early and best weights are Adam within 2 epochs
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
