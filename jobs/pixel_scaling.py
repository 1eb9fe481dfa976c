"""Does centring or standardising the pixels improve the VGG baseline on CIFAR-10?

    cnnjobs submit jobs/pixel_scaling.py
    cnnjobs submit jobs/pixel_scaling.py --epochs 20% --repeats 5 --limit-train 2500 --results try

Data: CIFAR-10, downloaded once by Keras (170 MB), or `--dataset PATH` for an image folder of it. Means and standard
deviations are those of each channel over the training rows. 3 variants x 10 repeats x 100 epochs.

source: Jason Brownlee, "How to Develop a CNN From Scratch for CIFAR-10 Photo Classification", Machine Learning Mastery,
https://machinelearningmastery.com/how-to-develop-a-cnn-from-scratch-for-cifar-10-photo-classification/

published: none; proposed as an extension of the baseline (73.50% in one run on the test set)
measured: not yet with enough data and epochs to rank the variants
"""

from cnnjobs import SGD, Job, Variant, vgg

unit = Variant(model=vgg(blocks=3), optimizer=SGD(0.001, momentum=0.9), epochs=100, batch_size=64)

job = Job(
    name="pixel-scaling",
    dataset="cifar10",
    repeats=10,
    variants={
        "unit": unit,
        "center": unit.but(scaling="center"),
        "standardize": unit.but(scaling="standardize"),
    },
)
