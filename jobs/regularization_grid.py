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
measured on 2,500 training photos with a fifth of the epochs and 5 repeats (CIFAR-10 re-encoded as JPEG, an image
folder), test accuracy on 2,000 test photos; 2 h 32 min on two cores that were shared, no GPU, TensorFlow 2.21. Mean
(SD, ddof=1), and the paired difference to the baseline in points with its interval:
    baseline                                        44.14% (1.05)
    dropout                                         36.56% (4.85)   -7.58 [-13.81, -1.35] at 95%
    weight decay                                    44.86% (1.82)   +0.72 [-0.55, +1.99] at 95%
    augmentation                                    42.15% (2.06)   -1.99 [-4.84, +0.86] at 95%
    increasing dropout                              37.33% (1.73)   -6.81 [-11.29, -2.33] at 99.17%
    dropout + augmentation                          42.46% (1.78)   -1.68 [-3.63, +0.27] at 95%
    increasing dropout + augmentation + batch norm  47.85% (2.30)   +3.71 [+0.83, +6.59] at 95%
    so short, dropout harms: increasing dropout is worse (p by Holm 0.011); no other difference is resolved among six
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
