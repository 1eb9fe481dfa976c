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
measured: not yet with enough data and epochs to rank the variants
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
