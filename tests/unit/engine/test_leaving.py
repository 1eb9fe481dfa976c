"""What is taken down when its user has done what was urgent."""

from cnnjobs.engine.leaving import Leaving


def test_its_user_goes_on_until_there_is_time():
    leaving, down = Leaving(), []
    leaving.now()  # nothing is kept
    leaving.later(lambda: down.append("first"))
    assert down == []
    leaving.later(lambda: down.append("second"))
    assert down == ["first"], "two are never up at a time"
    leaving.now()
    leaving.now()
    assert down == ["first", "second"], "each once"


def test_what_goes_wrong_there_is_nobodys_error():
    leaving = Leaving()
    leaving.later(lambda: 1 / 0)
    leaving.now()
    leaving.now()
