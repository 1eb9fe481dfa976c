"""Does dropout or augmentation improve a small CNN on 8 x 8 scanned digits, and by more than chance?

    cnnjobs submit jobs/quickstart.py

Data: the 1,797 scanned digits that come with scikit-learn; nothing is downloaded. 3 variants x 3 repeats.
"""

from cnnjobs import Adam, Augment, Job, Variant, vgg

baseline = Variant(model=vgg(blocks=2, filters=16, dense=64), optimizer=Adam(0.001), epochs=12, batch_size=32)

job = Job(
    name="quickstart",
    dataset="digits",
    repeats=3,
    variants={
        "baseline": baseline,
        "dropout": baseline.but(model=vgg(blocks=2, filters=16, dense=64, dropout=0.2)),
        "augmentation": baseline.but(augment=Augment(shift=0.1, rotation=10)),
    },
)
