"""How well does SmallerVGGNet classify your own photographs, and how much does augmentation contribute?

    cnnjobs submit jobs/image_folder.py --dataset PHOTOS     # PHOTOS: one sub-folder per class, any sizes
    cnnjobs fit jobs/image_folder.py --dataset PHOTOS --variant augmented --output photos.keras
    cnnjobs predict photos.keras PICTURE... --annotate annotated

Data: your own folder, of which a fifth is held out as the test set. With five classes and 96 x 96 pixels, the network
has 8,678,277 parameters. 2 variants x 5 repeats x 100 epochs. The author of the tutorial notes that the network relies
too much on colour, and that 230 pictures per class are few, and advises 500 to 1,000.

source: Adrian Rosebrock, "Keras and Convolutional Neural Networks (CNNs)", PyImageSearch,
https://pyimagesearch.com/2018/04/16/keras-and-convolutional-neural-networks-cnns/

published (one run of "augmented" on 1,190 pictures of five classes): train 96.84%, test 97.07%
measured on 1,190 photos of CIFAR-10 (airplane, automobile, bird, cat, deer; enlarged to 96 x 96, re-encoded as JPEG)
with `--image-size 64` and 5 repeats, test accuracy on 238 photos; 45 min on two cores that were shared, no GPU,
TensorFlow 2.21. Mean (SD, ddof=1):
    augmented 61.09% (1.80), train 86.5%, loss 1.449; as they are 57.73% (3.37), train 97.2%, loss 2.310
    paired difference, as they are minus augmented: -3.36 points, 95% interval [-9.24, +2.52]: not resolved
"""

from cnnjobs import Adam, Augment, ImageFolder, Job, TimeDecay, Variant, smaller_vgg

moved = Augment(flip="horizontal", shift=0.1, rotation=25, zoom=0.2, shear=0.2, fill="nearest")  # shear in degrees

augmented = Variant(
    model=smaller_vgg(), optimizer=Adam(0.001), schedule=TimeDecay(), epochs=100, batch_size=32, augment=moved
)

job = Job(
    name="image-folder",
    dataset=ImageFolder("photos", size=96),
    repeats=5,
    validation="test",
    variants={"augmented": augmented, "as they are": augmented.but(augment=None)},
)
