"""Do VGG16 features from ImageNet beat a small VGG that is trained from scratch on CIFAR-10?

    cnnjobs submit jobs/transfer_vgg16.py
    cnnjobs submit jobs/transfer_vgg16.py --epochs 6 --repeats 2 --limit-train 500 --results try

Data: CIFAR-10, downloaded once by Keras (170 MB), or `--dataset PATH` for an image folder of it. Weights: those in
Keras's cache (59 MB; if they are missing, the error says where to get them), or the file CNNJOBS_VGG16=PATH. The last
variant trains only its head for 5 epochs and then also VGG16's last block, as in Keras's guide to fine-tuning;
`--epochs` must therefore be 6 or more. 4 variants x 5 repeats.

source: Jason Brownlee, "How to Develop a CNN From Scratch for CIFAR-10 Photo Classification", Machine Learning Mastery,
https://machinelearningmastery.com/how-to-develop-a-cnn-from-scratch-for-cifar-10-photo-classification/

published: none; proposed as an extension of the baseline (73.50% in one run on the test set)
measured: not yet, because the ImageNet weights were not available
"""

import os

from cnnjobs import SGD, Adam, Finetune, Job, Variant, vgg, vgg16

weights = os.environ.get("CNNJOBS_VGG16", "imagenet")

scratch = Variant(model=vgg(blocks=3), optimizer=SGD(0.001, momentum=0.9), epochs=20, batch_size=64)
frozen = scratch.but(model=vgg16(weights=weights, dropout=0.5), optimizer=Adam(0.001))

job = Job(
    name="transfer-vgg16",
    dataset="cifar10",
    repeats=5,
    variants={
        "from nothing": scratch,
        "VGG16 as it is": frozen,
        "VGG16, last block trained": scratch.but(
            model=vgg16(weights=weights, trainable_blocks=1, dropout=0.5), optimizer=Adam(0.0001)
        ),
        "VGG16, last block fine-tuned": frozen.but(finetune=Finetune(after=5, learning_rate=1e-5, layers="block5")),
    },
)
