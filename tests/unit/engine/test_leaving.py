"""What is taken down while its user goes on."""

import threading

from cnnjobs.engine.leaving import Leaving


def test_its_user_goes_on_and_waits_when_it_has_to():
    leaving, may_end, down = Leaving(), threading.Event(), []
    leaving.wait()  # nothing was begun
    leaving.begin(lambda: (may_end.wait(30), down.append("first")))
    assert down == []
    may_end.set()
    leaving.begin(lambda: down.append("second"))
    leaving.wait()
    assert down == ["first", "second"], "one after the other"


def test_what_goes_wrong_there_is_nobodys_error():
    leaving = Leaving()
    leaving.begin(lambda: 1 / 0)
    leaving.wait()
    leaving.wait()
