"""Does a CNN beat an MLP of half its size on the 100 classes of CIFAR-100?

    cnnjobs submit jobs/cifar100_cnn_vs_mlp.py
    cnnjobs submit jobs/cifar100_cnn_vs_mlp.py --epochs 30        # continues from the kept states for 20 more epochs
    cnnjobs aggregate results/cifar100-cnn-vs-mlp --curves loss --curves accuracy --curves mse

Data: CIFAR-100, 100 fine labels, downloaded once by Keras (170 MB). As in the source, the test set is also the
validation set, but nothing is selected on it. The CNN has 6,850,792 parameters, the MLP 3,623,600. 2 variants x 5
repeats.

source: a comparison of a CNN and an MLP on CIFAR-100, whose title and address are no longer known

published (one run of the CNN): 10 epochs: val accuracy 21.83%, val loss 3.2669, val mse 0.0089;
    20 epochs more: 29.54%, val loss 4.3311 (lowest 2.9785 in the 5th of these), train accuracy 76.43%
measured not on CIFAR-100, which could not be downloaded, but on 20 classes (photos of CIFAR-10 re-encoded as JPEG, and
digits of MNIST; 500 training and 100 test images each), 10 epochs, 5 repeats; 68 min on two cores that were shared, no
GPU, TensorFlow 2.21. Test accuracy, mean (SD, ddof=1):
    CNN 66.24% (0.98), loss 0.962, train 68.4%; MLP 63.20% (0.38), loss 1.060, train 69.2%
    paired difference, MLP minus CNN: -3.04 points, 95% interval [-3.93, -2.15]: worse
    on digits -5.12 points [-5.57, -4.67], on photos -0.96 [-2.66, +0.74]
"""

from cnnjobs import SGD, Job, Variant, cnn, mlp

network = cnn(blocks=((32, 64), (128, 256, 512), (1024,)), dense=(500,), dropout=(0.0, 0.0, 0.0, 0.5))

convolutional = Variant(model=network, optimizer=SGD(0.01), epochs=10, batch_size=32)

job = Job(
    name="cifar100-cnn-vs-mlp",
    dataset="cifar100",
    repeats=5,
    validation="test",
    keep="state",
    variants={"CNN": convolutional, "MLP": convolutional.but(model=mlp(dense=(1000, 500)))},
)
