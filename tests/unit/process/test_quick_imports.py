"""Modules that are executed when they are used, and garbage that is collected afterwards again."""

import gc
import sys

import pytest

from cnnjobs.process.quick_imports import names_in, quick_imports


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that imports two modules of its own, as TensorFlow and Keras do."""
    folder = tmp_path / "large_library"
    folder.mkdir()
    (folder / "__init__.py").write_text("from large_library import rare as rare, usual as usual\n")
    (folder / "usual.py").write_text("import gc\nCOLLECTED = gc.isenabled()\n")
    (folder / "rare.py").write_text("VALUE = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "large_library"]:
        del sys.modules[name]


def executed(module):
    """Whether a module has been executed, without reading an attribute of it."""
    return "VALUE" in names_in(module)


def test_a_module_is_executed_when_something_in_it_is_read(package):
    with quick_imports(["large_library.rare"]):
        import large_library
    assert not executed(sys.modules["large_library.rare"])
    assert large_library.rare.VALUE == 3
    assert executed(sys.modules["large_library.rare"])


def test_others_are_executed_at_once_and_collect_no_garbage(package):
    with quick_imports(["large_library.rare"]):
        import large_library
    assert large_library.usual.COLLECTED is False
    assert gc.isenabled()


def test_what_is_imported_afterwards_is_executed_at_once(package):
    finders = list(sys.meta_path)
    with quick_imports(["large_library.rare", "large_library.no_such_module"]):
        pass
    assert sys.meta_path == finders
    import large_library

    assert executed(large_library.rare)


def test_an_error_leaves_imports_as_they_were(package):
    finders = list(sys.meta_path)
    with pytest.raises(ModuleNotFoundError), quick_imports(["large_library.no_such_module"]):
        import large_library.no_such_module  # noqa: F401
    assert sys.meta_path == finders
    assert gc.isenabled()


def test_who_collects_no_garbage_is_left_alone(package):
    gc.disable()
    try:
        with quick_imports([]):
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
