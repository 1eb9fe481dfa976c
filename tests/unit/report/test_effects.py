"""The factors of a full grid in the report: every format, incomplete and diverged runs, folds, and frames."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from support.stores import stored_job

import cnnjobs
from cnnjobs import SGD, Adam, Augment, Variant, grid, vgg
from cnnjobs.comparison.effects import MOST_INTERACTIONS, effects_of
from cnnjobs.comparison.table import job_table
from cnnjobs.planning.identity import canonical
from cnnjobs.report.render.notebook import comparison_html
from cnnjobs.report.sections.factors import factors_section
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredVariant

GRID = grid(Variant(model=vgg()), optimizer=[SGD(0.1), Adam()], augment=[None, Augment(shift=0.1)])

PLANTED = (0.80, 0.82, 0.83, 0.95)
"""Accuracies: Adam helps by 0.03 without augmentation and by 0.13 with it, augmentation by 0.02 and 0.12."""


def store_of(tmp_path, variants=GRID, planted=PLANTED, repeats=5, folds=None, status=None, missing=(), **more):
    """A store of a grid, whose repeats have much in common; some runs did not complete or are not there."""
    store, rng = Store(Files(tmp_path / "job")), np.random.default_rng(0)
    stored = {
        name: StoredVariant(condition_id=f"c{place}", settings=canonical(variant))
        for place, (name, variant) in enumerate(variants.items())
    }
    store.write_job(
        stored_job("job", variants=stored, reference=next(iter(stored)), repeats=repeats, folds=folds, **more)
    )
    common = rng.normal(0, 0.05, (repeats, folds or 1))
    for place, (name, mean) in enumerate(zip(variants, planted, strict=True)):
        for repeat in range(repeats):
            for fold in range(folds or 1):
                if (place, repeat) in missing:
                    continue
                value = mean + common[repeat, fold] + rng.normal(0, 0.003)
                row = {"trial_id": f"t{place}-{repeat}-{fold}", "condition_id": f"c{place}", "job": "job"}
                row |= {"variant": name, "repeat": repeat, "fold": fold, "test_accuracy": value, "val_accuracy": value}
                row |= {"test_loss": 1 - value, "train_rows": 80, "validation_rows": 20}
                store.commit(row | {"status": (status or {}).get((place, repeat), "completed")}, {}, None)
    return store


def frame_of(tmp_path, **options):
    return cnnjobs.compare(cnnjobs.load_results(str(tmp_path / "job")), **options).effects


def test_planted_effects_are_found_with_their_intervals_and_verdicts(tmp_path):
    store_of(tmp_path)
    effects = frame_of(tmp_path)
    assert effects["effect"].tolist() == ["main", "main", "interaction"]
    assert effects["to"].tolist() == ["Adam 0.001", "shift 0.1", "Adam 0.001"]
    assert effects["mean"].tolist() == pytest.approx([0.08, 0.07, 0.10], abs=0.005)
    assert ((effects["ci_low"] < effects["mean"]) & (effects["mean"] < effects["ci_high"])).all()
    assert effects["sd"].max() < 0.01, "what repeats have in common, 0.05, falls out"
    assert effects["verdict"].tolist() == ["better", "better", "resolved"]
    assert effects["family"].tolist() == [3, 3, 3]
    assert effects["p_holm"].tolist() >= effects["p"].tolist()


def test_another_reference_and_metric_turn_the_effects(tmp_path):
    store_of(tmp_path)
    turned = frame_of(tmp_path, reference="Adam 0.001, shift 0.1", metric="test_loss")
    assert turned["to"].tolist() == ["SGD 0.1", "no augmentation", "SGD 0.1"]
    assert turned["mean"].tolist() == pytest.approx([0.08, 0.07, -0.10], abs=0.005)
    assert set(turned["verdict"]) == {"secondary, no verdict"}


def test_the_section_is_in_every_format(tmp_path):
    store_of(tmp_path)
    compared = cnnjobs.compare(cnnjobs.load_results(str(tmp_path / "job")))
    (page,) = compared.report(str(tmp_path / "report"), predictions=False)
    files = {path.suffix: path for path in Path(page).parent.rglob("effects.*")}
    assert set(files) >= {".csv", ".tex", ".parquet"}
    pages = {name: path.read_text() for name, path in files.items() if name != ".parquet"}
    pages |= {"html": Path(page).read_text(), "markdown": (tmp_path / "report" / "report.md").read_text()}
    pages |= {"notebook": comparison_html(compared.tables[0]), "terminal": str(compared)}
    for name, page in pages.items():
        assert "Adam 0.001" in page, name
        assert "interaction" in page, name
    assert (
        "Resolved among 3 effects: 'Adam 0.001 minus SGD 0.1', 'shift 0.1 minus no augmentation'" in pages["markdown"]
    )
    assert "paired differences" in pages["markdown"]
    assert "optimizer (SGD 0.1, Adam 0.001); augment (no augmentation, shift 0.1)" in pages["markdown"]


def test_repeats_that_a_combination_lacks_are_left_out_of_its_effects_and_that_is_said(tmp_path):
    store = store_of(tmp_path, status={(3, 1): "diverged"}, missing={(2, 0)})
    effects = frame_of(tmp_path)
    assert effects["pairs"].tolist() == [3, 3, 3], "of a 2 x 2 grid each effect needs all combinations"
    assert effects["left_out"].tolist() == [6, 6, 6]
    said = " ".join(one.text for one in factors_section(job_table(store)).elements if hasattr(one, "text"))
    assert "Not every combination has every repeat" in said
    assert "up to 6 of their runs are left out" in said
    assert "flatters it: Adam 0.001, shift 0.1 (1)." in said


def test_a_combination_without_a_run_is_named_and_its_effects_are_not_computed(tmp_path):
    store = store_of(tmp_path, missing={(3, repeat) for repeat in range(5)})
    assert frame_of(tmp_path)["why"].tolist() == ["no pairs yet"] * 3
    said = [one.text for one in factors_section(job_table(store)).elements if hasattr(one, "text")]
    assert said[0] == "No effect can be told from chance yet."
    assert "Effects that need a combination without a run cannot be computed: 'Adam 0.001, shift 0.1'." in said


def test_a_level_without_runs_leaves_the_effects_of_the_others(tmp_path):
    three = grid(Variant(model=vgg()), epochs=[3, 5, 9], xla=[False, True])
    store_of(tmp_path, three, (0.8, 0.8, 0.9, 0.9, 0.7, 0.7), missing={(5, repeat) for repeat in range(5)})
    effects = frame_of(tmp_path).set_index(["to", "to_2"])
    assert effects.loc[("epochs=5", None), "pairs"].item() == 5
    assert effects.loc[("epochs=9", None), "pairs"].item() == 0
    assert effects["family"].tolist() == [5] * 5, "those without a pair count as well"


def test_one_repeat_has_estimates_only(tmp_path):
    store_of(tmp_path, repeats=1)
    effects = frame_of(tmp_path)
    assert effects["mean"].notna().all()
    assert effects["ci_low"].isna().all()
    assert set(effects["verdict"]) == {"one pair: cannot tell from chance"}


def test_intervals_of_folds_are_corrected_for_the_rows_that_they_share(tmp_path):
    """Five folds, drawn anew in each of two repeats: ten runs a combination, with a quarter of overlap."""
    store = store_of(tmp_path, repeats=2, folds=5)
    effects = frame_of(tmp_path)
    assert effects["pairs"].tolist() == [10, 10, 10]
    half = (effects["ci_high"] - effects["ci_low"]) / 2
    quantile = stats.t.ppf((1 + effects["level"]) / 2, 9)
    assert (half / effects["sd"]).tolist() == pytest.approx((quantile * np.sqrt(1 / 10 + 1 / 4)).tolist(), rel=1e-5)
    said = factors_section(job_table(store)).elements[-1].text
    assert "corrected for training rows that runs share" in said


@pytest.mark.parametrize(
    "variants", [dict(list(GRID.items())[:3]), {name: GRID[name] for name in list(GRID)[:2]}], ids=["three", "two"]
)
def test_variants_that_are_no_full_grid_have_no_effects(tmp_path, variants):
    store = store_of(tmp_path, variants, PLANTED[: len(variants)])
    assert factors_section(job_table(store)) is None
    assert frame_of(tmp_path).empty


def test_of_very_many_interactions_none_is_shown(tmp_path):
    many = grid(Variant(model=vgg()), epochs=range(1, 13), batch_size=range(1, 13))
    store = store_of(tmp_path, many, [0.8] * len(many), repeats=1)
    table = job_table(store)
    found = effects_of(table)
    assert found.interactions == 121 > MOST_INTERACTIONS
    assert len(found.effects) == 22
    said = [one.text for one in factors_section(table).elements if hasattr(one, "text")]
    assert "There are 121 interactions of two factors, too many for a table: none is shown." in said
