"""Does batch normalisation or a deeper network improve a small CNN on MNIST, in 5-fold cross-validation?

    cnnjobs submit jobs/mnist_kfold.py
    cnnjobs fit jobs/mnist_kfold.py --variant deeper --output digit-reader.keras

Data: MNIST, downloaded once by Keras (11 MB), or `--dataset PATH` for an .npz file of it. As in the tutorial,
the folds divide the training images, which are shuffled once and not stratified; the test set is not used.
3 variants x 5 folds x 10 epochs.

source: Jason Brownlee, "How to Develop a CNN for MNIST Handwritten Digit Classification", Machine Learning Mastery,
https://machinelearningmastery.com/how-to-develop-a-convolutional-neural-network-from-scratch-for-mnist-handwritten-digit-classification/

published (fold accuracies in %, their mean and standard deviation with ddof=0, parameters):
    baseline             98.550 98.600 98.642 98.850 98.742   98.677 (0.107)   542,230
    batch normalisation  98.475 98.608 98.683 98.783 98.667   98.643 (0.101)   542,758
    deeper               99.058 99.042 98.883 99.192 99.133   99.062 (0.104)   159,254
    deeper, fitted on all training images: 99.090% on the test set
measured on 10,000 of MNIST's images, 8,000 of them to train (the .npz file of MNIST's test set, split), full protocol
otherwise; 5 min on two cores that were shared, no GPU, TensorFlow 2.21. Mean (SD, ddof=1) of 5 folds, and the folds:
    baseline             97.10 (0.36)   96.56 97.25 97.50 97.25 96.94
    batch normalisation  97.83 (0.33)   97.25 98.00 98.06 98.00 97.81
    deeper               98.24 (0.26)   98.31 97.94 98.44 98.50 98.00
    paired differences to the baseline, with intervals corrected for the training rows that folds share:
    batch normalisation +0.72 [+0.46, +0.99] at 97.5%, deeper +1.14 [+0.39, +1.88] at 95%; both are better (p by Holm
    0.001 and 0.013); in the tutorial the first difference is -0.03
    deeper, fitted on all 8,000: 98.35% on the 2,000 test images
"""

from cnnjobs import SGD, Job, Variant, cnn


def network(*blocks: tuple[int, ...], batch_norm: bool = False) -> Variant:
    """Return a variant with these blocks of unpadded convolutions."""
    model = cnn(blocks=blocks, dense=(100,), batch_norm=batch_norm, initializer="he_uniform")
    return Variant(model=model, optimizer=SGD(0.01, momentum=0.9), epochs=10, batch_size=32)


job = Job(
    name="mnist-kfold",
    dataset="mnist",
    repeats=1,
    folds=5,
    stratify=False,
    variants={
        "baseline": network((32,)),
        "batch normalisation": network((32,), batch_norm=True),
        "deeper": network((32,), (64, 64)),
    },
)
