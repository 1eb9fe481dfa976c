"""Does dropout before the flatten layer keep a small CNN on CIFAR-10 from overfitting?

    cnnjobs submit jobs/small_cnn.py
    cnnjobs submit jobs/small_cnn.py --repeats 5
    cnnjobs submit jobs/small_cnn.py --limit-train 5000

Data: CIFAR-10, downloaded once by Keras (170 MB), or `--dataset PATH` for an image folder of it. As in the tutorial,
the test set is also the validation set, but nothing is selected on it. The network has
122,570 parameters. 2 variants x 10 repeats.

source: a text that adds dropout to the network of TensorFlow's tutorial "Convolutional Neural Network (CNN)",
https://www.tensorflow.org/tutorials/images/cnn; the title and address of the text are no longer known

published (one run each, test accuracy and loss):
    baseline, 10 epochs: 71.17%, 0.8741 (train 78.65%); dropout 0.4, 15 epochs: 73.29%, 0.7707 (train 75.35%);
    the author's target: 72%
measured on all 50,000 training photos (CIFAR-10 re-encoded as JPEG, an image folder), 5 repeats, test accuracy on all
10,000 test photos; 51 min on two cores that were shared, no GPU, TensorFlow 2.21. Mean (SD, ddof=1):
    baseline 69.66% (0.63), loss 0.919 (0.016), train 77.8%; dropout 71.84% (0.51), loss 0.822 (0.017), train 74.9%
    paired difference +2.18 points, 95% interval [+0.79, +3.58]; dropout also trains for 5 more epochs, with which the
    baseline is at 68.97% (0.55), train 83.4%: dropout is better than that by 2.87 points [1.71, 4.03]
on 5,000 of them, 10 repeats: baseline 52.01% (0.73), dropout 54.98% (0.70); +2.98 points [+2.06, +3.89]; 12 to 20 min
"""

from cnnjobs import Adam, Job, Variant, small_cnn

baseline = Variant(model=small_cnn(), optimizer=Adam(0.001), epochs=10, batch_size=32)

job = Job(
    name="small-cnn",
    dataset="cifar10",
    repeats=10,
    validation="test",
    variants={"baseline": baseline, "dropout": baseline.but(model=small_cnn(dropout=0.4), epochs=15)},
)
