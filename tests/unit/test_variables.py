"""Environment variables hold for a while, and are then what they were, however that ends."""

import os

import pytest

from cnnjobs.process.variables import variables


@pytest.fixture(autouse=True)
def _two(monkeypatch):
    monkeypatch.setenv("CNNJOBS_ONE", "before")
    monkeypatch.delenv("CNNJOBS_TWO", raising=False)


def now():
    return os.environ.get("CNNJOBS_ONE"), os.environ.get("CNNJOBS_TWO")


@pytest.mark.parametrize("one", ["meanwhile", "", None])
def test_they_are_set_or_removed_and_put_back(one):
    with variables({"CNNJOBS_ONE": one, "CNNJOBS_TWO": "2"}):
        assert now() == (one, "2")
    assert now() == ("before", None)


def test_they_are_put_back_after_an_error_and_where_somebody_else_has_changed_them():
    with pytest.raises(KeyError), variables({"CNNJOBS_ONE": None, "CNNJOBS_TWO": "2"}):
        os.environ["CNNJOBS_ONE"] = "else"
        del os.environ["CNNJOBS_TWO"]
        raise KeyError
    assert now() == ("before", None)


def test_others_stay_as_somebody_has_set_them_meanwhile(monkeypatch):
    monkeypatch.setenv("CNNJOBS_THREE", "before")
    with variables({"CNNJOBS_TWO": "2"}):
        os.environ["CNNJOBS_THREE"] = "after"
    assert os.environ["CNNJOBS_THREE"] == "after"


def test_one_within_another_ends_first():
    with variables({"CNNJOBS_ONE": "outer"}):
        with variables({"CNNJOBS_ONE": "inner"}):
            assert now()[0] == "inner"
        assert now()[0] == "outer"
