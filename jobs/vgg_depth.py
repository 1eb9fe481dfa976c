"""Does a deeper VGG read CIFAR-10 better when nothing regularizes it?

    cnnjobs submit jobs/vgg_depth.py
    cnnjobs submit jobs/vgg_depth.py --epochs 2 --repeats 2 --limit-train 2000 --results try

Data: CIFAR-10, downloaded once by Keras (170 MB), or `--dataset PATH` for an image folder of it. The test set doubles
as the validation set, as in the text; nothing is selected by it. 3 variants x 10 repeats x 100 epochs.

published (one run each, test accuracy): 1 block 67.07%, 2 blocks 71.08%, 3 blocks 73.50%
measured: only a reduced try, on CIFAR-10 photos re-encoded as JPEG (an image folder), 2,000 training images, 2 epochs,
mean (SD) of 2 repeats on the 10,000 test images; 3 min on two cores, no GPU. Too short to rank anything:
    1 block 25.7% (2.0), 2 blocks 23.7% (1.2), 3 blocks 23.5% (0.5)
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
