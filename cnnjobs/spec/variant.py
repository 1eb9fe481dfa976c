"""A variant: network, optimizer and training settings, without the seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import FunctionType
from typing import Any, ClassVar, cast

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named, unknown_argument
from cnnjobs.spec.callbacks import CALLBACKS, CallbackSpec, CustomCallback, ReduceLROnPlateau
from cnnjobs.spec.checks import flag, number, one_of, whole
from cnnjobs.spec.class_weights import checked_class_weight
from cnnjobs.spec.fields import later_field
from cnnjobs.spec.finetune import Finetune, Phase, check_length, phases_of
from cnnjobs.spec.keras_applications import refuse_applications
from cnnjobs.spec.losses import NUMBERS, Loss, LossFunction, checked_loss
from cnnjobs.spec.mixing import MIXINGS, Mixing, check_mixings
from cnnjobs.spec.models import CustomModel, Model
from cnnjobs.spec.optimizers import BUILTIN_OPTIMIZERS, OPTIMIZERS, Adam, Optimizer
from cnnjobs.spec.own_optimizer import CustomOptimizer, advice_for
from cnnjobs.spec.schedules import SCHEDULES, CustomSchedule, Schedule
from cnnjobs.spec.transforms import TRANSFORMS, Transform
from cnnjobs.spec.transforms.advice import instead_of
from cnnjobs.spec.views import OwnViews, checked_views
from cnnjobs.spec.watching import Watched, checked_watch, watched_by
from cnnjobs.wording.sentences import clause

SCALINGS = ("unit", "center", "standardize")
PRECISIONS = ("float32", "bfloat16", "float16")


@arguments_named
@dataclass(frozen=True, kw_only=True)
class Variant:
    """Network, optimizer and training settings: everything that determines a training run except the seeds.

    In tables and curves, `loss` is always the plain cross-entropy of the training, validation or test rows, and
    `objective` is the function that training minimises.

    Args:
        model: `cnn(...)`, `vgg(...)`, `small_cnn(...)`, `smaller_vgg(...)`, `mlp(...)`, `resnet(...)`,
            `wide_resnet(...)`, `application(...)`, `vgg16(...)`, `custom(function, ...)`, or a function `f(input_shape,
            classes)` that returns a `keras.Model`. Import Keras inside that function: an import at the top of a job
            file costs every command several seconds.
        optimizer: `SGD(...)`, `RMSprop(...)`, `Adam(...)`, `Nadam(...)`, `AdamW(...)`, `Adamax(...)`, `Adagrad(...)`,
            `Lion(...)`, `Muon(...)`, `optimizer(function, ...)`, or a function that returns a
            `keras.optimizers.Optimizer`.
        epochs: number of passes over the training rows, 1 to 1,000,000.
        batch_size: number of images per step over all replicas (the global batch size), 1 to 1,000,000.
        augment: a transform of training images such as `Augment(...)`, `PadCrop(4)`, `ColorJitter(...)`,
            `RandAugment(...)` or `transform(function)`; or a tuple of transforms, which are applied in this order, with
            `MixUp(...)` and `CutMix(...)` last; None for no augmentation.
        scaling: scaling of the pixels: "unit" scales to [0, 1]; "center" also subtracts each channel's mean over the
            training rows; "standardize" also divides by its standard deviation.
        schedule: learning rate schedule: `CosineDecay()`, `PolynomialDecay()`, `ExponentialDecay()`, `StepDecay(...)`,
            `TimeDecay()`, `Cyclical()`, `OneCycle()`, `CosineRestarts()`, `Warmup()`, `schedule(function, ...)` or a
            function `f(step, steps)` that returns a factor; None for a constant learning rate.
        callbacks: `EarlyStopping()`, `BestWeights()`, `ReduceLROnPlateau()` or `callback(function)`, or several; they
            are called in this order at the end of each epoch.
        watch: additional metrics that are computed on the validation rows at the end of each epoch: a tuple of names of
            prediction metrics, such as "macro_f1" and "recall[cat]", and of your own metrics, made by
            `metric(function)`. They are stored for each epoch and for the final weights, in columns such as
            `val_macro_f1`, and callbacks find them in their logs. With 10,000 validation rows of ten classes, each
            metric makes an epoch 1 ms longer, "brier" 9 ms, and "auroc" and "average_precision" 31 to 39 ms (two cores,
            median of 7). Watched metrics change no other number, but are part of a trial's identity: the values of past
            epochs cannot be computed later, so that trials without them run again. (On the test set, every metric can
            be computed from the stored predictions at any time.)
        precision: precision of the computation: "float32"; or "bfloat16" or "float16" for mixed precision (Micikevicius
            et al., 2018), with weights in float32 and, for "float16", loss scaling.
        xla: whether the forward and backward pass are compiled with XLA.
        clip_norm: largest norm of the gradient of an update, above 0: a longer gradient is scaled down to it (Pascanu
            et al., 2013). The norm is the root of the sum of squares over all weights, as with `global_clipnorm` in
            Keras, of the gradient of the whole step and not of one replica; None for no limit.
        clip_value: largest absolute value of each element of that gradient, above 0, as `clipvalue` in Keras; None for
            no limit.
        ema: decay per update of an exponential moving average of the weights, in (0, 1), for example 0.999. The
            averaged weights are validated, tested, seen by callbacks at the ends of epochs, restored by `BestWeights`
            and `EarlyStopping`, and saved; training itself continues with the weights that are not averaged. At update
            n, counted from 1, the decay is min(ema, (1 + n) / (10 + n)), so that the first weights are soon forgotten,
            as in timm. Moving statistics of batch normalisation are averaged like the weights. None for no average.
        accumulate: number of steps whose gradients are averaged, weighted by their rows, for one update, 1 to
            1,000,000: `accumulate=4` with `batch_size=16` trains like `batch_size=64`, except for batch normalisation,
            which sees 16 rows at a time. The last update of an epoch uses the remaining steps. Schedules count updates.
        tta: test-time augmentation: after training, the network also predicts each test picture as the mean of its
            probabilities for several views: "flip" for the picture and its mirror image, or `tta(function)`. The
            resulting metrics are stored in columns of their own, `tta_accuracy` and so on, beside those of plain
            prediction.
        loss: loss that training minimises: `CrossEntropy(label_smoothing=...)`, `Focal(...)`, `loss(function, ...)` or
            a function `f(labels, probabilities)` that returns the loss of each row; None for cross-entropy.
        class_weight: factor of a row's loss by its class: "balanced" for n / (k * rows of the class), with n training
            rows and k classes, as in scikit-learn; or a mapping from class names to weights of at least 0, in which
            classes that are not named have the weight 1. "balanced" counts the training rows of each split, without
            classes that have none there. If the data set has sample weights, the two are multiplied. Metrics,
            validation and test are not weighted.
        finetune: `Finetune(...)` also trains frozen layers of the network from a given epoch on; None leaves them
            frozen.

    Raises:
        SpecError: for a value out of range, or settings that exclude each other.

    Example:
        >>> from cnnjobs import SGD, Augment, Variant, vgg
        >>> baseline = Variant(model=vgg(), optimizer=SGD(0.001, momentum=0.9), epochs=100, batch_size=64)
        >>> baseline.but(augment=Augment(shift=0.1)).epochs
        100
        >>> baseline.but(scaling="zscore")
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `scaling` must be one of 'unit', 'center', 'standardize'. Received: scaling='zscore'.
    """

    kind: ClassVar[str] = "Variant"

    model: Model | CustomModel | Callable[..., Any]
    optimizer: Optimizer = field(default_factory=Adam)
    epochs: int = 10
    batch_size: int = 32
    augment: Transform | Mixing | tuple[Transform | Mixing, ...] | None = None
    scaling: str = "unit"
    schedule: Schedule | None = None
    callbacks: tuple[CallbackSpec, ...] = ()
    precision: str = "float32"
    xla: bool = False
    clip_norm: float | None = later_field(None)
    clip_value: float | None = later_field(None)
    ema: float | None = later_field(None)
    accumulate: int = later_field(1)
    tta: str | OwnViews | Callable[..., Any] | None = later_field(None)
    loss: Loss | Callable[..., Any] | None = later_field(None)
    class_weight: str | Mapping[str, float] | None = later_field(None)
    finetune: Finetune | None = later_field(None)
    watch: tuple[Watched, ...] = later_field(())

    def __post_init__(self) -> None:
        if isinstance(self.model, FunctionType):
            object.__setattr__(self, "model", CustomModel(self.model))
        refuse_applications(self.model)
        _instance(
            "model", self.model, (Model, CustomModel), "vgg(...), cnn(...), another network of cnnjobs or a function"
        )
        object.__setattr__(self, "optimizer", _checked_optimizer(self.optimizer))
        object.__setattr__(self, "augment", _checked_augment(self.augment))
        object.__setattr__(self, "epochs", whole("epochs", self.epochs, least=1, most=1_000_000))
        object.__setattr__(self, "batch_size", whole("batch_size", self.batch_size, least=1, most=1_000_000))
        one_of("scaling", self.scaling, SCALINGS)
        one_of("precision", self.precision, PRECISIONS)
        flag("xla", self.xla)
        object.__setattr__(self, "schedule", _checked_schedule(self.schedule))
        _check_updates(self)
        object.__setattr__(self, "callbacks", _checked_callbacks(self.callbacks))
        object.__setattr__(self, "tta", checked_views(self.tta))
        object.__setattr__(self, "loss", checked_loss(self.loss))
        object.__setattr__(self, "class_weight", checked_class_weight(self.class_weight))
        self._check_mixed_labels()
        _instance("finetune", self.finetune, (Finetune, type(None)), "Finetune(...) or None")
        check_length(self.finetune, self.epochs)
        object.__setattr__(self, "watch", checked_watch(self.watch))
        if isinstance(self.model, Model) and self.model.scales_itself and self.scaling != "unit":
            raise SpecError(
                f"`{self.model.builder}` turns pixels in [0, 1] into what its weights were trained on. "
                f'Received: scaling={self.scaling!r}. Use scaling="unit".'
            )
        if self.schedule is not None and any(isinstance(one, ReduceLROnPlateau) for one in self.callbacks):
            raise SpecError(
                "`schedule` and `ReduceLROnPlateau` exclude each other: both set the learning rate. Received: "
                f"schedule={self.schedule!r}. Remove one of them."
            )

    def _check_mixed_labels(self) -> None:
        """Refuse what has no meaning for an image that is of two classes."""
        if not self.mixings:
            return
        mixing = type(self.mixings[0]).__name__
        if self.class_weight is not None:
            raise SpecError(
                f"`class_weight` and {mixing} exclude each other: a mixed image is of two classes. Received: "
                f"class_weight={self.class_weight!r}. Remove one of them."
            )
        if isinstance(self.minimised, LossFunction) and self.minimised.labels == NUMBERS:
            name = self.minimised.function.__name__
            raise SpecError(
                f"`loss` must take soft labels, because {mixing} mixes them. Received: labels={NUMBERS!r}. Use "
                f'loss({name}, labels="one-hot"), with labels of (rows, classes), or leave {mixing} out.'
            )

    @property
    def network(self) -> Model | CustomModel:
        """The model; a plain function is converted to a `CustomModel`."""
        return cast("Model | CustomModel", self.model)

    @property
    def views(self) -> str | OwnViews | None:
        """The views of test-time augmentation; a plain function is converted to `OwnViews`."""
        return cast("str | OwnViews | None", self.tta)

    @property
    def minimised(self) -> Loss | None:
        """The loss; a plain function is converted to a `LossFunction`. None for cross-entropy."""
        return cast("Loss | None", self.loss)

    @property
    def optimizer_rate(self) -> float | None:
        """The learning rate of the optimizer; None for a user's own optimizer, whose rate is known once it is made."""
        return None if isinstance(self.optimizer, CustomOptimizer) else self.optimizer.learning_rate

    @property
    def transforms(self) -> tuple[Transform, ...]:
        """The transforms that are applied to each image, in this order."""
        return tuple(one for one in self._augments if not isinstance(one, MIXINGS))

    @property
    def mixings(self) -> tuple[Mixing, ...]:
        """The transforms that then mix images with others."""
        return tuple(one for one in self._augments if isinstance(one, MIXINGS))

    @property
    def _augments(self) -> tuple[Transform | Mixing, ...]:
        if self.augment is None:
            return ()
        return self.augment if isinstance(self.augment, tuple) else (self.augment,)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The parts of training in which the same weights are trained: two with `finetune`, otherwise one."""
        return phases_of(self.finetune, self.epochs)

    @property
    def watched(self) -> dict[str, Watched]:
        """All watched metrics by column (`val_macro_f1`): those of `watch` and those that callbacks monitor."""
        return watched_by(self.watch, self.callbacks)

    @property
    def follows_length(self) -> bool:
        """Whether the first epochs of a longer run differ from those of a shorter one, as far as can be known.

        A user's own callback receives the trial, including its number of epochs.
        """
        own = any(isinstance(one, CustomCallback) for one in self.callbacks)
        return own or (self.schedule is not None and self.schedule.follows_length)

    @property
    def shortest(self) -> Variant:
        """This variant with the fewest possible epochs: the part that it shares with longer runs of it."""
        return self.but(epochs=1 if self.finetune is None else self.finetune.after + 1)

    def but(self, **changes: Any) -> Variant:
        """Return this variant with some fields changed: `baseline.but(epochs=200)`."""
        names = [item.name for item in fields(self)]
        for name in changes:
            if name not in names:
                raise SpecError(unknown_argument("Variant.but", name, names))
        return replace(self, **changes)


def _checked_augment(augment: Any) -> Transform | Mixing | tuple[Transform | Mixing, ...] | None:
    """Return a single transform as it is, so that a tuple of one is the same setting."""
    several = tuple(augment) if isinstance(augment, list | tuple) else () if augment is None else (augment,)
    for one in several:
        if not isinstance(one, (*TRANSFORMS, *MIXINGS)):
            raise SpecError(
                "`augment` must be a transform such as Augment(...), PadCrop(...) or RandAugment(...), a tuple of "
                f"these, or None. Received: augment={clause(repr(one))}. {instead_of(one)}".rstrip()
            )
    check_mixings(several)
    return several if len(several) > 1 else several[0] if several else None


def _checked_schedule(schedule: Any) -> Schedule | None:
    """Return a schedule; one of Keras's is told what to write instead."""
    keras_object = any(kind.__name__ == "LearningRateSchedule" for kind in type(schedule).__mro__)
    if isinstance(schedule, FunctionType) or keras_object:
        schedule = CustomSchedule(schedule)
    expected = "CosineDecay(...), Warmup(...) or the like, schedule(function) or None"
    _instance("schedule", schedule, (*SCHEDULES, type(None)), expected)
    return cast("Schedule | None", schedule)


def _checked_optimizer(optimizer: Any) -> Optimizer:
    """Return an optimizer as it is, and a plain function as one of the user's."""
    if isinstance(optimizer, FunctionType):
        return CustomOptimizer(optimizer)
    if not isinstance(optimizer, OPTIMIZERS):
        names = tuple(one.__name__ for one in BUILTIN_OPTIMIZERS)
        advice = advice_for(optimizer, names)
        expected = f"{', '.join(f'{name}(...)' for name in names)} or optimizer(function)"
        raise SpecError(f"`optimizer` must be {expected}. Received: optimizer={optimizer!r}. {advice}".rstrip())
    return optimizer


def _check_updates(variant: Variant) -> None:
    """Check what surrounds the optimizer."""
    for name, below in {"clip_norm": None, "clip_value": None, "ema": 1.0}.items():
        if getattr(variant, name) is not None:
            object.__setattr__(variant, name, number(name, getattr(variant, name), above=0, below=below))
    object.__setattr__(variant, "accumulate", whole("accumulate", variant.accumulate, least=1, most=1_000_000))
    if variant.clip_norm is not None and variant.clip_value is not None:
        raise SpecError(
            "`clip_norm` and `clip_value` exclude each other: both bound the gradient. Received: "
            f"clip_norm={variant.clip_norm:g}, clip_value={variant.clip_value:g}. Remove one of them."
        )


def _checked_callbacks(callbacks: Any) -> tuple[CallbackSpec, ...]:
    several = tuple(callbacks) if isinstance(callbacks, list | tuple) else (callbacks,)
    expected = "EarlyStopping(...), BestWeights(...), ReduceLROnPlateau(...), callback(function) or a tuple of these"
    for one in several:
        _instance("callbacks", one, CALLBACKS, expected)
    return several


def _instance(name: str, value: Any, kinds: tuple[type, ...], expected: str) -> None:
    if not isinstance(value, kinds):
        raise SpecError(f"`{name}` must be {expected}. Received: {name}={value!r}.")
