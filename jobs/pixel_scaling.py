"""Does centring or standardising the pixels help the VGG baseline on CIFAR-10?

    cnnjobs submit jobs/pixel_scaling.py
    cnnjobs submit jobs/pixel_scaling.py --epochs 2 --repeats 2 --limit-train 2000 --results try

Data: CIFAR-10, downloaded once by Keras (170 MB), or `--dataset PATH` for an image folder of it; means and deviations
are those of each channel over the rows that train. 3 variants x 10 repeats x 100 epochs.

published: none; proposed as an extension of the baseline (73.50% in one run on the test set)
measured: only a reduced try, on CIFAR-10 photos re-encoded as JPEG (an image folder), 2,000 training images, 2 epochs,
mean (SD) of 2 repeats on the 10,000 test images; 3 min on two cores, no GPU. Too short to rank anything:
    unit 22.0% (0.2), center 23.5% (1.0), standardize 27.5% (1.0)
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
