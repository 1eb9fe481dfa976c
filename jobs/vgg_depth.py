"""Does a deeper VGG classify CIFAR-10 better without regularization?

    cnnjobs submit jobs/vgg_depth.py
    cnnjobs submit jobs/vgg_depth.py --epochs 20% --repeats 5 --limit-train 2500 --results try

Data: CIFAR-10, downloaded once by Keras (170 MB), or `--dataset PATH` for an image folder of it. As in the tutorial,
the test set is also the validation set, but nothing is selected on it. 3 variants x 10 repeats x 100 epochs.

source: Jason Brownlee, "How to Develop a CNN From Scratch for CIFAR-10 Photo Classification", Machine Learning Mastery,
https://machinelearningmastery.com/how-to-develop-a-cnn-from-scratch-for-cifar-10-photo-classification/

published (one run each, test accuracy): 1 block 67.07%, 2 blocks 71.08%, 3 blocks 73.50%
measured: not yet with enough data and epochs to rank the variants
"""

from cnnjobs import SGD, Job, Variant, vgg

one = Variant(model=vgg(blocks=1), optimizer=SGD(0.001, momentum=0.9), epochs=100, batch_size=64)

job = Job(
    name="vgg-depth",
    dataset="cifar10",
    repeats=10,
    validation="test",
    variants={"1 block": one, "2 blocks": one.but(model=vgg(blocks=2)), "3 blocks": one.but(model=vgg(blocks=3))},
)
