"""Tables of pictures as people bring them: what is read, what is left out and said, and what is refused."""

from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from support.datasets import load, refused

from cnnjobs import ImageFolder, ParquetPictures, PictureTable
from cnnjobs.datasets import dataset_spec, source_of
from cnnjobs.errors import DatasetError, SpecError

CATS, DOGS = ("a", "b", "c", "d"), ("e", "f", "g", "h")
BOTH = {**dict.fromkeys(CATS, "cat"), **dict.fromkeys(DOGS, "dog")}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Be in an empty folder."""
    monkeypatch.chdir(tmp_path)


def draw(*paths, start=1):
    """Draw pictures, no two alike."""
    for level, path in zip(count(start), map(Path, paths), strict=False):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), level, np.uint8)).save(path, format="PNG")


def write(text, name="labels.csv", encoding="utf-8"):
    Path(name).write_bytes(text.encode(encoding))
    return name


def rows(labels, suffix="", header="id,label"):
    return "\n".join([header, *(f"{name}{suffix},{label}" for name, label in labels.items()), ""])


def listing(spec="labels.csv", to_train=True, **options):
    if not isinstance(spec, PictureTable):
        spec = PictureTable(spec, **({"image": "id", "label": "label"} | options))
    return source_of(dataset_spec(spec, Path.cwd())).listing(to_train=to_train)


def read(spec="labels.csv", **options):
    """Return {picture: class} and the notes."""
    found = listing(spec, **options)
    names = [found.contents.name(index) for index in range(len(found))]
    return {name: found.class_names[label] for name, label in zip(names, found.labels, strict=True)}, found.notes


def error(spec="labels.csv", **options):
    with pytest.raises(DatasetError) as caught:
        listing(spec, **options)
    return str(caught.value)


def named(suffix=".png", folder=""):
    return {f"{folder}{name}{suffix}": label for name, label in BOTH.items()}


@pytest.fixture
def pets():
    """Four cats and four dogs in photos/, a to h."""
    draw(*(f"photos/{name}.png" for name in BOTH))


def test_a_table_and_the_same_pictures_in_folders_are_one_data_set():
    """The table says what folders could say: same rows in train and test, same fingerprint, whatever the order."""
    draw(*(f"sorted/{label}/{name}.png" for name, label in BOTH.items()))
    draw(*(f"loose/{name}.png" for name in BOTH))
    write(rows(dict(sorted(BOTH.items(), key=lambda one: one[0] in "bdfh"))))
    table = load(PictureTable("labels.csv", folder="loose", image="id", label="label", test=0.25))
    assert table.fingerprint == load(ImageFolder("sorted", test=0.25)).fingerprint
    assert (table.name, table.notes) == ("labels.csv", ())


@pytest.mark.parametrize("options", [{"suffix": ".png"}, {}])
def test_names_without_suffix(pets, options):
    """Kaggle's dog breeds: ids, and files that are called id.jpg."""
    write(rows(BOTH))
    assert read(folder="photos", **options) == (named(), ())


def test_several_suffixes_and_cases():
    """Half of the files are .png, half .JPG, and other files of the same names lie beside them."""
    draw(*(f"photos/{name}.png" for name in CATS), *(f"photos/{name}.JPG" for name in DOGS))
    Path("photos/a.xml").touch()
    Path("photos/._a.png").touch()
    write(rows(BOTH))
    expected = {f"{name}{'.png' if name in CATS else '.JPG'}": label for name, label in BOTH.items()}
    assert read(folder="photos") == (expected, ())
    write(rows(BOTH, suffix=".png"))
    found, notes = read(folder="photos")
    assert found == expected
    assert notes == ("labels.csv: 4 pictures are found with another suffix: e.png is e.JPG",)
    write(rows({"A.PNG": "cat", **BOTH}))
    assert "1 row repeats a picture and its class and is left out: A.PNG" in read(folder="photos")[1][1]


def test_a_suffix_that_chooses():
    """Pictures and masks: a.png and a_mask.png, a.jpg; names without a suffix, of which either may be meant."""
    draw(
        *(f"p/{name}.png" for name in BOTH), *(f"p/{name}.jpg" for name in BOTH), *(f"p/{name}_m.png" for name in BOTH)
    )
    write(rows(BOTH))
    said = error(folder="p")
    assert "it is not clear which pictures are meant by a (a.jpg or a.png), b (b.jpg or b.png)" in said
    assert "choose by `suffix`" in said
    found, notes = read(folder="p", suffix="_m.png")
    assert found == named("_m.png")
    assert notes == (
        "labels.csv: 16 pictures are in no row and not used: "
        "a.jpg, a.png, b.jpg, b.png, c.jpg, c.png, d.jpg, d.png, e.jpg, e.png and 6 more",
    )


def test_numbers_keep_their_zeros():
    """Pictures 000001 to 000012 by their numbers; and a table from which a spreadsheet has taken the zeros."""
    draw(*(f"photos/{number:06}.png" for number in range(1, 13)))
    numbers = {f"{number:06}": "ab"[number % 2] for number in range(1, 13)}
    write(rows(numbers))
    expected = {f"{name}.png": label for name, label in numbers.items()}
    assert read(folder="photos") == (expected, ())
    for form in ("{}", "{}.0", "{}.png"):
        write(rows({form.format(int(name)): label for name, label in numbers.items()}))
        found, notes = read(folder="photos")
        assert found == expected
        assert notes == (f"labels.csv: 12 pictures are found as numbers: {form.format(1)} is 000001.png",)
    write(rows({"1": "a", **numbers}))
    assert "1 row names a picture that is not in" in read(folder="photos")[1][0], "another row has this file's name"


@pytest.mark.parametrize(
    "form",
    [
        "photos/{}.png",
        "photos\\{}.png",
        "./photos/{}.png",
        "/home/ann/photos/{}.png",
        "D:\\pets\\photos\\{}.png",
    ],
)
def test_paths_of_wherever(pets, form):
    """Paths of Windows or of another machine: the folders that are not here are dropped, and it is said."""
    write(rows({form.format(name): label for name, label in BOTH.items()}))
    found, notes = read(folder="photos")
    assert found == named()
    assert notes == (f"labels.csv: 8 pictures are found without the folders before them: {form.format('a')} is a.png",)
    if "photos" in form:
        assert read()[0] == named(folder="photos/")


def test_paths_of_this_machine(pets, tmp_path):
    """Absolute paths that exist are these files, wherever the table lies."""
    write(rows({f"{tmp_path}/photos/{name}.png": label for name, label in BOTH.items()}))
    Path("else").mkdir()
    assert [Path(name).name for name in read(folder="else")[0]] == [*named()]
    assert read(folder="photos") == (named(), ())


def test_folders_in_the_table_are_not_confused():
    """cat/1.png is missing and dog/1.png is there: another animal's picture is not taken for it."""
    draw("p/dog/1.png", "p/dog/2.png", "p/cat/2.png", "p/cat/3.png", "p/1.png", "p/other/cat/9.png")
    write("id,label\ncat/1.png,cat\ncat/2.png,cat\ncat/3.png,cat\ndog/1.png,dog\ndog/2.png,dog\nowl/1.png,owl\n")
    found, notes = read(folder="p")
    assert found == {"cat/2.png": "cat", "cat/3.png": "cat", "dog/1.png": "dog", "dog/2.png": "dog"}
    assert "2 rows name pictures that are not in" in notes[0]
    assert notes[0].endswith("are left out: cat/1.png, owl/1.png")
    assert notes[1] == "labels.csv: 2 pictures are in no row and not used: 1.png, other/cat/9.png"


def test_folders_in_the_table_that_were_flattened():
    """cat/1.png and dog/2.png lie in one folder now; but where both have a 1.png, nobody can tell which is which."""
    draw("p/1.png", "p/2.png", "p/3.png", "p/4.png")
    write("id,label\ncat/1.png,cat\ncat/3.png,cat\ndog/2.png,dog\ndog/4.png,dog\n")
    found, notes = read(folder="p")
    assert found == {"1.png": "cat", "3.png": "cat", "2.png": "dog", "4.png": "dog"}
    assert "4 pictures are found without the folders before them: cat/1.png is 1.png" in notes[0]
    write("id,label\ncat/1.png,cat\ncat/3.png,cat\ndog/1.png,dog\ndog/4.png,dog\n")
    assert "different names lead to one picture: cat/1.png and dog/1.png (1.png)" in error(folder="p")


def test_pictures_in_folders_below():
    """HAM10000: two folders of pictures beside the table, which has file names alone."""
    draw(*(f"part_1/{name}.png" for name in CATS), *(f"part_2/{name}.png" for name in DOGS))
    write(rows(BOTH))
    expected = {f"part_{1 if name in CATS else 2}/{name}.png": label for name, label in BOTH.items()}
    assert read() == (expected, ())
    draw("part_2/a.png")
    assert "meant by a (part_1/a.png or part_2/a.png). Name them with their folders" in error()


def test_another_case_of_folders():
    """The table says Train/Cat/A.PNG, the disk train/cat/a.png."""
    draw(*(f"data/train/{label}/{name}.png" for name, label in BOTH.items()))
    write(rows({f"Train/{label.title()}/{name.upper()}.PNG": label for name, label in BOTH.items()}))
    found, notes = read(folder="data")
    assert len(found) == 8
    assert "8 pictures are found in another case: Train/Cat/A.PNG is train/cat/a.png" in notes[0]


def test_no_picture_is_found(pets):
    """Another folder, or another column, is meant: the error shows both sides."""
    write(rows({f"x{name}": label for name, label in BOTH.items()}))
    said = error(folder="photos")
    assert "no picture that column 'id' names is in" in said
    assert "Names there: xa, xb, xc. Pictures in the folder: a.png, b.png, c.png. Say" in said
    assert "There is no folder" in error(folder="nowhere")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id,label\n", "utf-8"),
        ("id;label\n", "utf-8"),
        ("id\tlabel\n", "utf-8"),
        ("id|label\n", "utf-8"),
        ("sep=;\r\nid;label\r\n", "utf-8"),
        ("id,label\r\n", "utf-8-sig"),
        ("id,label\r", "utf-8"),
        ("\n\nid,label\n\n", "utf-8"),
        (" id , label\n", "utf-8"),
        (",id,label\n", "utf-8"),
        ("Unnamed: 0,id,label\n", "utf-8"),
        ("id,label,\n", "utf-8"),
        ("id,label\n", "utf-16"),
        ("id,label\n", "utf-16-le"),
        ("id,label\n", "utf-16-be"),
        ("id,label\n", "latin-1"),
    ],
)
def test_text_files_of_all_programs(pets, text, encoding):
    """Separators, marks, ends of lines and encodings that spreadsheets write; an index column of pandas'."""
    separator = next(one for one in ";\t|," if one in text.replace("sep=;", ""))
    end = next(one for one in ("\r\n", "\r", "\n") if one in text)
    accents = {name: label.replace("cat", "Kätzchen") for name, label in BOTH.items()}
    before = f"0{separator}" if text.startswith((",", "Unnamed")) else ""
    after = separator if text.rstrip().endswith(separator) else ""
    lines = [f"{before}{name}{separator} {label} {after}{end}" for name, label in accents.items()]
    write(text + end.join(["", *lines]), encoding=encoding)
    found, notes = read(folder="photos")
    assert found == {f"{name}.png": label for name, label in accents.items()}
    assert len(notes) == (encoding == "latin-1")
    if notes:
        assert "the file is no UTF-8 and is read as Windows-1252" in notes[0]


def test_a_header_without_a_name_for_the_row_numbers(pets):
    """R's write.table: rows have a number before the columns that the header names, or a comma too many at the end."""
    for form in ("{0},{1},{2}", "{1},{2},"):
        write("id,label\n" + "".join(f"{form.format(n, *row)}\n" for n, row in enumerate(BOTH.items())))
        assert read(folder="photos")[0] == named()


def test_values_with_separators_and_quotes(pets):
    """A class with a comma, a quote and a line's end in another column."""
    write('id,label,text\na,"cat, ""tame""","two\nlines"\n' + "".join(f"{n},dog,\n" for n in "bcde"))
    assert set(read(folder="photos")[0].values()) == {'cat, "tame"', "dog"}


def test_tables_that_are_cut_or_broken(pets):
    """A row with another number of values, a quote that is never closed, no row, nothing at all."""
    write("id,label\na,cat\nb,cat, tame\nc\n")
    assert "every row must have 2 values, as the first line has. Received: 2 with more or fewer" in error()
    write('id,label,text\na,cat,"well\nb,cat,\nc,dog,\n')
    assert "a quote is opened and not closed" in error()
    write('id,label,text\na,cat,"well\nb,cat,fine"\nc,dog,\nd,dog,\ne,cat,"two\nlines"\n')
    assert (
        "lines that look like rows stand between quotes, in 1 value, and are not read as rows: 'well"
        in read(folder="photos")[1][0]
    )
    write("id,label\n")
    assert "no labels" in error(folder="photos")
    write("\n \n")
    assert "is empty. Expected a line that names the columns" in error()
    for content, said in (
        (b"PK\x03\x04", "a spreadsheet or an archive"),
        (b"\x1f\x8b\0", "compressed"),
        (b"PAR1", "cannot"),
    ):
        Path("labels.csv").write_bytes(content)
        assert said in error()
    assert "There is no file" in error("none.csv")
    assert "Received: a folder. Use `ImageFolder`" in error("photos")


def test_parquet(pets):
    """Parquet of numbers, floats, categories and text: the same pictures and classes."""
    names = pa.array([*BOTH])
    for labels in (
        pa.array([*BOTH.values()]).dictionary_encode(),
        pa.array([*BOTH.values()], pa.large_string()),
        pa.array([int(label == "dog") for label in BOTH.values()], pa.int8()),
        pa.array([float(label == "dog") for label in BOTH.values()]),
        pa.array([label == "dog" for label in BOTH.values()]),
    ):
        pq.write_table(pa.table({"id": names, "label": labels, "raw": [[1]] * 8}), "labels.parquet")
        found, notes = read("labels.parquet", folder="photos")
        assert [*found] == [*named()]
        assert sorted(set(found.values())) in (["cat", "dog"], ["0", "1"], ["false", "true"])
        assert notes == ()
    assert "must be text or numbers. Received: list" in error("labels.parquet", label="raw", folder="photos")
    draw(*(f"numbers/{number:03}.png" for number in range(8)))
    pq.write_table(pa.table({"id": range(8), "label": [*"ab" * 3, None, None]}), "labels.parquet")
    found, notes = read("labels.parquet", folder="numbers")
    assert [*found] == ["000.png", "002.png", "004.png", "001.png", "003.png", "005.png"]
    assert "2 rows have no label and are left out: 6, 7" in notes[1]


def test_parquet_of_names_and_parquet_of_pictures(pets):
    """A bare .parquet is a table if it has names alone, and pictures if they are in it."""
    names = {"file": [f"photos/{name}.png" for name in BOTH], "label": [*BOTH.values()]}
    pq.write_table(pa.table(names), "labels.parquet")
    assert len(listing(dataset_spec("labels.parquet", Path.cwd()))) == 8
    pictures = [{"bytes": Path(path).read_bytes(), "path": path} for path in names["file"]]
    pq.write_table(pa.table({"image": pictures, "label": names["label"]}), "pictures.parquet")
    assert isinstance(dataset_spec("pictures.parquet", Path.cwd()), ParquetPictures)
    assert "column 'image', for `image`, must be text or numbers" in error("pictures.parquet", image="image")


def test_names_of_classes_are_those_of_the_table(pets):
    """NA, null and None are names; only what is empty is missing, and is counted."""
    write("id,label\na,NA\nb,NA\nc,null\nd,null\ne,\nf,  \n,NA\n,\ng,NA\nh,null\n")
    found, notes = read(folder="photos")
    assert set(found.values()) == {"NA", "null"}
    assert "2 rows have no label and are left out: e, f" in notes[0]
    assert "1 row names no picture and is left out: row 7" in notes[1]
    assert any("class 'NA' looks like missing labels; it counts as a class like any other" in note for note in notes)
    assert "have no label: e, f. Correct or remove them" in error(folder="photos", strict=True)


def test_spaces_case_and_unicode_of_classes(pets):
    """ "cat " is "cat", and it is said; an accent in two forms is one class; Cat and cat are two, and it is said."""
    write("id,label\na,cat \nb,cat\nc,Cat\nd,Cat\ne,cafe\u0301\nf,caf\u00e9\ng,cat\nh, cat\n")
    found, notes = read(folder="photos")
    assert set(found.values()) == {"cat", "Cat", "caf\u00e9"}
    assert "'Cat', 'cat' differ only in case or spaces and are 2 classes" in " ".join(notes)
    assert "labels are taken without the spaces around them: ' cat', 'cat '" in " ".join(notes)
    assert "written in two Unicode forms" in " ".join(notes)


def test_order_of_classes():
    """Numbers as numbers: 2 before 10; text as folders are sorted; 1.0 is class 1; 0.5 stays."""
    draw(*(f"p/{number}.png" for number in range(12)))

    def order(*labels):
        write("id,label\n" + "".join(f"{n},{label}\n" for n, label in enumerate(labels * (12 // len(labels)))))
        found = listing(folder="p")
        return found.class_names, " ".join(found.notes)

    assert order("10", "2", "1") == (("1", "2", "10"), "")
    assert order("10", "2", "b") == (("10", "2", "b"), "")
    assert order("1.0", "0.0", "-1") == (
        ("-1", "0", "1"),
        "labels.csv: labels are whole numbers and stand without a point: 1.0 is class '1' "
        "labels.csv: class '-1' is below zero; it counts as a class like any other",
    )
    assert order("0.5", "0", "1", "2")[0] == ("0", "0.5", "1", "2")
    assert order("01", "02", "10") == (("01", "02", "10"), "")


def test_a_column_that_is_no_class(pets):
    """The column of ids, or of a measurement, was named as the label."""
    write("id,label,ph\n" + "".join(f"{name},x,{number / 7}\n" for number, name in enumerate(BOTH)))
    assert "column 'ph', for `label`, must be classes. Received: 8 different values" in error(
        folder="photos", label="ph"
    )
    assert "column 'id', for `label`, must be classes" in error(folder="photos", label="id")


def test_a_column_a_class(pets):
    """ISIC: columns of 0.0 and 1.0; rows of none, rows of two, a class of nobody."""
    lines = [f"{name},{int(name in CATS)}.0,{int(name in DOGS)}.0,0.0" for name in BOTH]
    write("\n".join(["id,MEL,NV,UNK", *lines, ""]))
    options = {"folder": "photos", "label": ("NV", "MEL", "UNK")}
    found, notes = read(**options)
    assert found == {f"{name}.png": "MEL" if name in CATS else "NV" for name in (*DOGS, *CATS)}
    assert listing(**options).class_names == ("NV", "MEL"), "as the columns are named"
    assert notes == ("labels.csv: no training row is of UNK, so that such columns are not classes",)
    write("\n".join(["id,MEL,NV,UNK", "a,0,0,0", *lines[1:], ""]))
    assert "1 row has no label and is left out: a" in read(**options)[1][0]
    write("\n".join(["id,MEL,NV,UNK", "a,1,1,0", *lines[1:], ""]))
    assert "1 of 8 rows are of several classes" in error(**options)
    draw(*(f"photos/{number}.png" for number in range(12)))
    lines += [f"{number},1,0,0" for number in range(12)]
    write("\n".join(["id,MEL,NV,UNK", "a,1,1,0", *lines[1:], ""]))
    assert "1 row is of several classes and is left out: a" in read(**options)[1][0]
    write("\n".join(["id,MEL,NV,UNK", "a,0.7,0.3,0", *lines[1:], ""]))
    assert "every value must be 0 or 1. Received: '0.3' in column 'NV'" in error(**options)


@pytest.mark.parametrize("several", ["cat|dog", "cat; dog", "['cat', 'dog']"])
def test_several_labels_a_picture_are_refused(pets, several):
    """Labels in one value, as lists or in several rows: each picture has one class here."""
    one, two = ("['cat']", "['dog']") if several.startswith("[") else ("cat", "dog")
    write(f'id,label\na,"{several}"\nb,"{one}"\nc,"{one}"\nd,"{two}"\ne,"{two}"\n')
    assert "Pictures with several labels are not supported" in error(folder="photos")
    write(rows(BOTH) + "a,dog\nb,dog\n")
    assert "2 of 8 pictures have rows of several classes: a (cat and dog)" in error(folder="photos")


def test_rows_that_repeat_and_contradict():
    """One picture in two rows: once, if they agree; not at all, if they do not; an error with strict."""
    draw(*(f"p/{number}.png" for number in range(12)))
    plain = "id,label\n" + "".join(f"{number},{'ab'[number % 2]}\n" for number in range(12))
    write(f"{plain}0,a\n0.png,a\n")
    found, notes = read(folder="p")
    assert len(found) == 12
    assert notes == ("labels.csv: 2 rows repeat pictures and their classes and are left out: 0",)
    assert "2 rows repeat pictures" in error(folder="p", strict=True)
    write(f"{plain}0,b\n")
    found, notes = read(folder="p")
    assert len(found) == 11
    assert notes == ("labels.csv: 1 picture has rows of several classes and is left out: 0 (a and b)",)
    assert "1 picture has rows of several classes" in error(folder="p", strict=True)


def test_columns_that_are_not_there(pets):
    """Another case, a typing error, the same name twice, no header: the error says what there is."""
    write(rows(BOTH, header="Id,Label"))
    said = error(folder="photos")
    assert "has no column 'id', for `image`. Did you mean 'Id'? Its columns, in the first line: Id, Label." in said
    assert "has no column 'breed', for `label`. Its columns, in the first line: id, label." in (
        write(rows(BOTH)) and error(folder="photos", label="breed")
    )
    write(rows(BOTH, header="id,id"))
    assert "2 columns are called 'id'. Rename those that are not meant" in error(folder="photos")
    write("\n".join(f"{name}.png,{label}" for name, label in BOTH.items()))
    assert (
        "must begin with a line that names its columns. Received: a.png, cat. Add a first line, such as: image,label"
        in (error(folder="photos"))
    )


@pytest.mark.parametrize(
    ("column", "train", "valid", "test"),
    [
        ("split", "train", "valid", "test"),
        ("split", "Training", "validation", "Testing"),
        ("Usage", "TRAIN", "dev", "PrivateTest"),
        ("set", "trainset", "val", "test_set"),
    ],
)
def test_parts(pets, column, train, valid, test):
    """A column says what is for training, validation and test, in whatever words."""
    used = dict(zip(BOTH, [train, train, valid, test] * 2, strict=True))
    write("\n".join([f"id,label,{column}", *(f"{name},{BOTH[name]},{used[name]}" for name in BOTH), ""]))
    found = listing(folder="photos", split=column)
    assert found.parts.tolist() == ["train"] * 4 + ["valid"] * 2 + ["test"] * 2
    assert found.labels.tolist() == [0, 0, 1, 1, 0, 1, 0, 1]


def test_parts_as_numbers(pets):
    """1 in a column such as is_test or is_training_image; folds are no parts."""
    for column, value in (("is_test", "1"), ("is_training_image", "0"), ("test", "True")):
        other = {"1": "0", "0": "1", "True": "False"}[value]
        used = [f"{name},{label},{value if name in 'dh' else other}" for name, label in BOTH.items()]
        write("\n".join([f"id,label,{column}", *used, ""]))
        assert listing(folder="photos", split=column).parts.tolist() == ["train"] * 6 + ["test"] * 2
    write("\n".join(["id,label,fold", *(f"{name},{label},{name in CATS:d}" for name, label in BOTH.items()), ""]))
    said = error(folder="photos", split="fold")
    assert "column 'fold', for `split`, must hold words such as train, training, test" in said
    assert "or 0 and 1 if it is called such as 'is_test'. Received: '0', '1'. Folds are made by the job" in said


def test_parts_that_are_missing_or_unknown(pets):
    """No test rows, no training rows, empty values, words of no part, a class that only the test set has."""

    def split(values, labels=BOTH):
        lines = [f"{name},{labels[name]},{value}" for name, value in zip(BOTH, values, strict=True)]
        write("\n".join(["id,label,split", *lines, ""]))
        return {"folder": "photos", "split": "split"}

    found = listing(**split(["train"] * 8))
    assert set(found.parts) == {"all"}
    assert found.training_notes == (
        "labels.csv: column 'split' has no test rows: a test set is held out of the training rows",
    )
    assert "must have training rows. Received: rows of test" in error(**split(["test"] * 8))
    assert len(listing(**split(["test"] * 8), to_train=False)) == 8
    notes = read(**split(["train", "train", "", "test"] * 2))[1]
    assert "2 rows have no value in column 'split' and are left out: c, g" in notes[0]
    assert "Received: 'extra'." in error(**split(["train", "train", "extra", "test"] * 2))
    assert "Received: 'PrivateTest', 'PublicTest'." in error(
        **split(["train", "train", "PublicTest", "PrivateTest"] * 2)
    )
    owls = {**BOTH, "d": "owl"}
    assert "have classes that the training rows do not have: owl" in error(
        **split(["train", "train", "train", "test"] * 2, owls)
    )


def test_groups(pets):
    """A column of patients; pictures without one are a group each; a column that is not used is a note."""
    write("\n".join(["id,label,patient", *(f"{name},{label},{name in 'ab'}" for name, label in BOTH.items()), ""]))
    found = listing(folder="photos", group="patient")
    assert found.groups == ("True", "True", *["False"] * 6)
    assert found.notes == ()
    assert "column 'patient' has 2 values in 8 rows" in listing(folder="photos").training_notes[0]
    write(
        "\n".join(
            ["id,label,patient", "a,cat,7", *(f"{name},{label}," for name, label in BOTH.items() if name != "a"), ""]
        )
    )
    found = listing(folder="photos", group="patient")
    assert len(set(found.groups)) == 8
    assert "7 pictures without a value in column 'patient', each taken for a group of its own" in found.notes[0]
    write("id,label,patient\na,cat,7\na,cat,8\nb,cat,7\nc,dog,7\n")
    assert "a is in several groups: '7', '8'. Choose one" in error(folder="photos", group="patient")


def test_a_bare_table_is_guessed_where_it_is_clear(pets):
    """`cnnjobs show labels.csv`: columns are taken where one choice is left, and said."""
    write(
        "\n".join(
            ["Unnamed: 0,photo,age,label", *(f"0,photos/{n}.png,{len(n)},{label}" for n, label in BOTH.items()), ""]
        )
    )
    found = listing(dataset_spec("labels.csv", Path.cwd()))
    assert found.notes == ("labels.csv: columns are taken as image='photo', label='label'",)
    used = ["train", "train", "valid", "test"] * 2
    write(
        "\n".join(
            [
                "f,breed,part",
                *(f"photos/{n},{label},{part}" for (n, label), part in zip(BOTH.items(), used, strict=True)),
                "",
            ]
        )
    )
    assert listing(PictureTable("labels.csv")).notes == (
        "labels.csv: columns are taken as image='f', label='breed', split='part'",
    )
    assert (
        "column 'part' names parts and is not used: `split='part'` does"
        in (listing(image="f", label="breed").training_notes[0])
    )


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("photo,breed,colour", "Those of pictures: photo. Write in a job file"),
        ("photo,label,class", "image='photo', label='label')"),
        ("nothing,breed", "Those of pictures: photo. Write"),
    ],
)
def test_a_bare_table_that_is_not_clear(pets, header, said, tmp_path):
    """Two columns that may be the classes: the error has the line of Python that says which."""
    values = {"photo": "photos/{}.png", "nothing": "x{}"}
    lines = [
        ",".join(values.get(name, "{}" if name == "id" else label).format(n) for name in header.split(","))
        for n, label in BOTH.items()
    ]
    write("\n".join([header, *lines, ""]))
    message = error(dataset_spec("labels.csv", Path.cwd()))
    if "nothing" in header:
        said = f"Those of pictures: none whose values are pictures in {tmp_path}"
    assert said in message
    assert "it is not clear which columns name the pictures and their classes" in message
    assert f"dataset=PictureTable('{tmp_path}/labels.csv', folder='{tmp_path}', image=" in message


def test_a_table_without_labels_is_no_data_set(pets):
    """Kaggle's test.csv has ids alone."""
    write("id\n" + "\n".join(BOTH), "test.csv")
    assert "test.csv has no column of classes, so that nothing" in error(dataset_spec("test.csv", Path.cwd()))
    assert "has no column 'label', for `label`. Its columns, in the first line: id." in error(
        "test.csv", folder="photos"
    )


def test_a_bare_table_beside_pictures_in_two_sizes():
    """Resized copies lie in a folder of their own, under the same names: which are meant is asked for."""
    draw(*(f"{folder}/{name}.png" for folder in ("large", "small") for name in BOTH))
    write(rows(BOTH))
    said = error(dataset_spec("labels.csv", Path.cwd()))
    assert "it is not clear which pictures are meant by a (large/a.png or small/a.png), b (" in said
    assert "choose by `suffix` or `folder`" in said


def test_separators_in_names_of_columns(pets):
    """More commas than semicolons in the first line, and none in those below."""
    write("id;label (one of cat, dog, owl)\n" + "".join(f"{name};{label}\n" for name, label in BOTH.items()))
    assert read(folder="photos", label="label (one of cat, dog, owl)") == (named(), ())
    write("# labels of 2024\n" + rows(BOTH))
    assert (
        "Its columns, in the first line: # labels of 2024. Expected a comma, semicolon, tab or bar between" in error()
    )


def test_names_in_another_unicode_form():
    """An accent of its own in the table, as part of its letter on the disk, and the other way round: the same names."""
    draw("p/caf\u00e9.png", "p/the\u0301.png", "p/eau.png", "p/lait.png")
    write("id,label\ncafe\u0301,a\nth\u00e9.png,a\neau,b\nlait,b\n")
    found, notes = read(folder="p")
    assert (len(found), notes) == (4, ())


def test_unreadable_pictures(pets):
    """A file that is no picture is counted as in a folder, and is an error with strict."""
    Path("photos/a.png").write_text("none")
    write(rows(BOTH))
    spec = PictureTable("labels.csv", folder="photos", image="id", label="label", test=0.4)
    assert "1 picture cannot be read and was skipped: a.png" in load(spec).notes[0]
    strict = source_of(spec).decoded_as(None, True)
    assert "1 picture cannot be read: a.png" in refused(strict)


def test_a_table_elsewhere_is_read_as_that_of_the_job(tmp_path):
    """`--dataset new/labels.csv`: with the job's columns; pictures lie beside it as the job's lie beside its own."""
    own = PictureTable(str(tmp_path / "old/labels.csv"), folder=str(tmp_path / "old/photos"), image="id", label="label")
    draw(*(f"{place}/photos/{name}.png" for place in ("old", "new") for name in BOTH))
    for place in ("old", "new", "old/more"):
        Path(place).mkdir(exist_ok=True)
        write(rows(BOTH), f"{place}/labels.csv")
    for place, folder in (("new", "new/photos"), ("old", "old/photos"), ("old/more", "old/photos")):
        found = source_of(dataset_spec(f"{place}/labels.csv", tmp_path)).read_as(own)
        assert (found.folder, found.image, found.label) == (str(tmp_path / folder), "id", "label")
    named = source_of(PictureTable("x.csv", folder="mine")).read_as(own)
    assert named.folder == "mine"
    assert source_of(PictureTable("x.csv")).read_as(ImageFolder("p", size=7)).size == 7


def test_evaluation_needs_neither_parts_nor_groups(pets):
    """New data of a hospital: no split, no patients; all labelled pictures are there, and it is said what was not."""
    write(rows(BOTH))
    trained = PictureTable("/old.csv", folder="photos", image="id", label="label", split="split", group="patient")
    source = source_of(dataset_spec("labels.csv", Path.cwd()))
    source = source_of(source.like_training(trained, (4, 4)))
    found = source.labelled("test", (4, 4), lambda *_: None)
    assert (found.part, len(found.labels), found.class_names) == ("all", 8, ("cat", "dog"))
    assert "there is no column 'split', which is not needed here" in found.notes[0]
    assert not source.has_test_set()
    assert "has no column 'split', for `split`" in error(source.spec)


def test_paths_are_taken_from_the_base(tmp_path):
    """Both the table and its folder are taken from where the job runs; what is not there is said."""
    spec = dataset_spec(PictureTable("labels.csv", folder="photos"), tmp_path)
    assert (spec.path, spec.folder) == (str(tmp_path / "labels.csv"), str(tmp_path / "photos"))
    assert source_of(spec).lock()[0] == "not there"
    write("id,label\n")
    assert source_of(spec).lock() == ("there without its pictures", f"Put them there: {tmp_path}/photos.")
    Path("photos").mkdir()
    assert source_of(spec).lock() == ("there", "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"label": ("a",)}, "`PictureTable.label` must be columns, one per class"),
        ({"label": ("a", "a")}, "`PictureTable.label` must be columns, one per class"),
        ({"label": 3}, "`PictureTable.label` must be the name of a column. Received: label=3"),
        ({"image": ""}, "`PictureTable.image` must be the name of a column"),
        ({"split": ["a"]}, "`PictureTable.split` must be the name of a column"),
        ({"suffix": "jpg"}, '`PictureTable.suffix` must be such as ".jpg"'),
        ({"folder": ""}, "`PictureTable.folder` must be a name, a path or a URI"),
        ({"test": 2}, "`PictureTable.test` must be"),
    ],
)
def test_options_that_make_no_sense(options, said):
    """What cannot be meant is refused before anything is read."""
    with pytest.raises(SpecError) as caught:
        PictureTable("labels.csv", **options)
    assert said in str(caught.value)


def test_a_table_of_training_and_one_of_the_test_set(pets):
    """CheXpert's train.csv and valid.csv: two tables of the same columns, which need not have the same others."""
    write("id,label,patient\na,cat,1\nb,cat,2\ne,dog,3\nf,dog,4\ng,dog,\n", "train.csv")
    write("id;label\nc;cat\nh;dog\nd;\nc;cat\na;cat\n", "test.csv")
    options = {"folder": "photos", "test_path": "test.csv", "group": "patient"}
    found = listing("train.csv", **options)
    names = [found.contents.name(index) for index in range(len(found))]
    assert list(zip(names, found.parts.tolist(), strict=True)) == [
        *((f"{name}.png", "train") for name in "abefg"),
        *((f"{name}.png", "test") for name in "ach"),
    ]
    said = " ".join(found.notes)
    assert "test.csv: there is no column 'patient', which is not needed here" in said
    assert "test.csv: 1 row has no label and is left out: d" in said
    assert "train.csv: 1 row repeats a picture and its class and is left out: c" in said
    data = load(PictureTable("train.csv", image="id", label="label", **(options | {"group": None})))
    assert "1 of 3 test pictures is among the training pictures as well" in " ".join(data.notes)
    write("id,label\nc,owl\n", "test.csv")
    assert "have classes that the training rows do not have: owl" in error("train.csv", **options)
    Path("test.csv").unlink()
    assert "There is no file" in error("train.csv", **options)
    write(
        f"photo,kind\n{''.join(f'photos/{n}.png,{label}{chr(10)}' for n, label in BOTH.items() if n in 'abcefg')}",
        "train.csv",
    )
    write("photo,kind\nphotos/d.png,cat\nphotos/h.png,dog\n", "test.csv")
    assert listing(PictureTable("train.csv", test_path="test.csv")).parts.tolist() == ["train"] * 6 + ["test"] * 2


@pytest.mark.parametrize("form", ["columns", "text", "colour"])
def test_tables_of_pixels(form):
    """Kaggle's digits have a column a pixel, FER2013 all in one: the advice, followed literally, makes a data set."""
    side, channels = (4, 3) if form == "colour" else (6, 1)
    pixels = np.random.RandomState(0).randint(0, 256, (12, side * side * channels))
    if form == "text":
        lines = [
            "emotion,pixels,Usage",
            *(f"{n % 2},{' '.join(map(str, row))},Training" for n, row in enumerate(pixels)),
        ]
    else:
        names = ",".join(f"pixel{number}" for number in range(pixels.shape[1]))
        lines = [f"label,{names}", *(f"{n % 2},{','.join(map(str, row))}" for n, row in enumerate(pixels))]
    write("\n".join([*lines, ""]), "train.csv")
    said = error(dataset_spec("train.csv", Path.cwd()))
    assert "has the pixels of pictures in it, and does not name files. Save them as arrays" in said
    exec(said.partition("as data set: ")[2])
    data = load(dataset_spec("pixels.npz", Path.cwd()))
    assert data.image_shape == (side, side, channels)
    assert len(data.y_train) + len(data.y_test) == 12


def test_damaged_parquet():
    """A byte of a label has changed on the disk: an error of the table, not of a library."""
    column = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff\xfe"]).buffers())
    pq.write_table(pa.table({"id": ["a"], "label": column}), "labels.parquet")
    assert "labels.parquet cannot be read as a table: " in error("labels.parquet")
