"""A kind of data set is one `Source` and one line in the registry: all else asks it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from click.testing import CliRunner
from support.fakes import submit_in, write_job

from cnnjobs import ImageFolder, Npz, ParquetPictures, PictureTable, TFRecordPictures
from cnnjobs.cli import main
from cnnjobs.datasets import Dataset, Source, dataset_from_json, dataset_spec, kinds, load_dataset, source_of
from cnnjobs.datasets.arrays import make_dataset
from cnnjobs.datasets.kinds import KINDS
from cnnjobs.datasets.locally_available import locally_available_dataset
from cnnjobs.datasets.source import PathSource
from cnnjobs.errors import SpecError
from cnnjobs.models.model_file import ModelMetadata
from cnnjobs.models.predict import held_out_note, like_training
from cnnjobs.planning.identity import canonical
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job
from cnnjobs.spec import BuiltinDataset
from cnnjobs.spec.data import PathSpec
from cnnjobs.store.stored_job import StoredJob


def quiet(what, done, total):
    pass


@dataclass(frozen=True)
class Stripes(PathSpec):
    """What a job file says of a toy: a text file that holds how many pictures with upright or level stripes it has."""

    kind: ClassVar[str] = "Stripes"

    side: int = 8


class StripesSource(PathSource[Stripes]):
    spec_type = Stripes
    noun = "a .stripes file"

    @classmethod
    def meant_by(cls, value, path):
        return Stripes(str(path)) if path.suffix == ".stripes" else None

    def load(self, on_progress) -> Dataset:
        rows = int(Path(self.spec.path).read_text(encoding="ascii"))
        labels = np.arange(rows, dtype=np.int32) % 2
        upright = np.tile(np.uint8([0, 255]), (self.spec.side, self.spec.side // 2))
        images = np.where(labels[:, None, None], upright, upright.T)[..., None]
        return make_dataset("stripes", (images, labels), (images[:4], labels[:4]), ("level", "upright"))

    def why_not_at_hand(self):
        return "" if Path(self.spec.path).is_file() else f"there are no stripes at {self.spec.path}"

    def read_as(self, job):
        return replace(job, path=self.spec.path) if isinstance(job, Stripes) else self.spec


@pytest.fixture
def stripes(tmp_path, monkeypatch):
    """The toy is a kind; returns the job file of a job on it."""
    monkeypatch.setattr(kinds, "KINDS", (*KINDS, StripesSource))
    monkeypatch.chdir(tmp_path)
    Path("forty.stripes").write_text("40", encoding="ascii")
    Path("sixty.stripes").write_text("60", encoding="ascii")
    return str(write_job(tmp_path, dataset="forty.stripes"))


def prepared(path, **overrides):
    asked = Overrides(**overrides)
    return prepare(read_job(path, asked), asked, quiet)


def test_a_job_names_a_new_kind_by_its_path_and_is_prepared_and_planned(stripes, tmp_path):
    found = prepared(stripes)
    assert found.source == Stripes(str(tmp_path / "forty.stripes"))
    assert len(found.dataset.y_train) == 40
    assert {trial.trial_id for trial in found.plan.trials}.isdisjoint(
        trial.trial_id for trial in prepared(stripes, dataset="sixty.stripes").plan.trials
    ), "another content makes other trials"


def test_a_new_kind_goes_through_the_commands(stripes, tmp_path):
    planned = CliRunner().invoke(main, ["plan", stripes, "--no-sizes"]).output
    assert "stripes: 40 training and 4 test images of 2 classes" in planned
    assert submit_in(tmp_path, dataset="forty.stripes", repeats=1).exit_code == 0
    again = CliRunner().invoke(main, ["plan", stripes, "--no-sizes", "--repeats", "1", "--epochs", "1"]).output
    assert "`submit` would run nothing" in again


def test_whether_a_new_kind_is_there_is_said(stripes):
    source = source_of(dataset_spec("forty.stripes", Path.cwd()))
    assert source.describe().endswith("forty.stripes")
    assert source.lock() == ("there", "")
    Path("forty.stripes").unlink()
    assert source.lock()[0] == "not there"


def test_results_of_a_new_kind_find_their_data_set_again(stripes):
    about = StoredJob.decode(prepared(stripes).as_stored().encode()).dataset
    assert about.source == {"kind": "Stripes", "path": str(Path("forty.stripes").absolute()), "side": 8}
    assert locally_available_dataset(about).fingerprint == about.fingerprint
    Path("forty.stripes").write_text("44", encoding="ascii")
    assert locally_available_dataset(about) == "the data set has changed since the runs"
    Path("forty.stripes").unlink()
    assert locally_available_dataset(about).startswith("there are no stripes at ")


def test_a_new_kind_is_read_as_the_job_says_from_elsewhere(stripes):
    own = source_of(dataset_spec(Stripes("sixty.stripes"), Path.cwd()))
    assert own.read_as(Stripes("forty.stripes", side=16)).side == 16
    assert own.read_as("digits").side == 8


def test_a_model_of_a_new_kind_knows_its_data_set(stripes):
    metadata = ModelMetadata(("level", "upright"), (8, 8, 1), Stripes("forty.stripes"), {"dataset_fingerprint": "f"})
    data = load_dataset(metadata.dataset, quiet)
    assert like_training(None, metadata) == metadata.dataset
    assert like_training(Stripes("sixty.stripes"), metadata) == Stripes("sixty.stripes")
    assert held_out_note(data, Stripes("sixty.stripes"), metadata) != []
    assert dataset_from_json(canonical(metadata.dataset)) == metadata.dataset


def test_a_file_of_no_kind_is_refused_with_what_there_is(stripes):
    Path("notes.txt").write_text("no data", encoding="ascii")
    with pytest.raises(
        SpecError,
        match=r"a name, an \.npz file, a table of pictures, a Parquet file with pictures in it, a TFRecord file, a "
        r"folder of pictures, a function or a \.stripes file\. Received",
    ):
        dataset_spec("notes.txt", Path.cwd())


def test_a_kind_that_is_not_registered_is_refused():
    with pytest.raises(
        SpecError,
        match=r"must be one of BuiltinDataset, Npz, \w+, \w+, \w+, ImageFolder, FromFunction\. Received: Stripes",
    ):
        load_dataset(Stripes("forty.stripes"), quiet)


def test_every_kind_has_a_name_of_its_own_in_the_store():
    assert [kind.spec_type.kind for kind in KINDS] == [
        "Named",
        "Npz",
        "PictureTable",
        "ParquetPictures",
        "TFRecordPictures",
        "ImageFolder",
        "FromFunction",
    ]
    assert all(issubclass(kind, Source) for kind in KINDS)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("digits", BuiltinDataset("digits")),
        ("a.npz", Npz("/base/a.npz")),
        ("a/b.NPZ", Npz("/base/a/b.NPZ")),
        ("a.parquet", ParquetPictures("/base/a.parquet")),
        ("data/train-*.parquet", ParquetPictures("/base/data/train-*.parquet")),
        ("train-00000-of-00002", TFRecordPictures("/base/train-00000-of-00002")),
        ("some/labels.csv", PictureTable("/base/some/labels.csv")),
        ("some/photos", ImageFolder("/base/some/photos")),
        (Path("/photos/cats"), ImageFolder("/photos/cats")),
        (ImageFolder("photos", size=8), ImageFolder("/base/photos", size=8)),
        (Npz("a.npz", test=0.5), Npz("/base/a.npz", test=0.5)),
        (PictureTable("a.csv", folder="b"), PictureTable("/base/a.csv", folder="/base/b")),
        (BuiltinDataset("mnist"), BuiltinDataset("mnist")),
    ],
)
def test_what_a_job_file_gives_is_taken_from_its_base(value, meant):
    assert dataset_spec(value, Path("/base")) == meant


def test_a_name_stays_a_name_where_a_folder_is_called_so(tmp_path):
    (tmp_path / "digits").mkdir()
    (tmp_path / "photos").mkdir()
    assert dataset_spec("digits", tmp_path) == BuiltinDataset("digits")
    assert dataset_spec("photos", tmp_path) == ImageFolder(str(tmp_path / "photos"))
    with pytest.raises(SpecError, match="Received: dataset='none', which is neither a name nor a file here"):
        dataset_spec("none", tmp_path)


def test_a_fingerprint_is_that_of_the_content():
    assert (
        source_of(BuiltinDataset("digits")).fingerprint(quiet)
        == load_dataset(BuiltinDataset("digits"), quiet).fingerprint
    )


@pytest.mark.parametrize("spec", [BuiltinDataset("digits"), Npz("a.npz")])
def test_what_is_no_folder_of_pictures_takes_no_options_for_reading_them(spec):
    assert source_of(spec).decoded_as(None, False) == spec
    with pytest.raises(SpecError, match="`image_size` and `strict` are for encoded pictures"):
        source_of(spec).decoded_as(32, False)
