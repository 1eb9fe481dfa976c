"""Does a deeper VGG read CIFAR-10 better when nothing regularizes it?

    cnnjobs submit jobs/vgg_depth.py
    cnnjobs submit jobs/vgg_depth.py --epochs 2 --repeats 2 --limit-train 2000 --results try

Data: CIFAR-10, downloaded once by Keras (170 MB), or `--dataset PATH` for an image folder of it. The test set doubles
as the validation set, as in the text; nothing is selected by it. 3 variants x 10 repeats x 100 epochs.

published (one run each, test accuracy): 1 block 67.07%, 2 blocks 71.08%, 3 blocks 73.50%
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
