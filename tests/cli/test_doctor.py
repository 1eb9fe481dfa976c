"""`cnnjobs doctor` on this machine: a real trial through a real Ray, where much is set that trials must not see."""

import pytest
from support.commands import typed
from support.documents import document


def test_doctor_runs_one_real_trial_and_names_what_it_does_not_see(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"KERAS_BACKEND": "torch", "TF_USE_LEGACY_KERAS": "1", "CUDA_VISIBLE_DEVICES": ""}.items():
            patch.setenv(name, value)
        done = typed("doctor", "--results", "results", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = document(done.stdout)
    said = {one["name"]: one["said"] for one in found["checks"] if not one["wrong"]}
    assert said["one trial"].startswith("trained as by `submit` in ")
    assert said["settings"].startswith("Trials do not use KERAS_BACKEND=torch, TF_USE_LEGACY_KERAS=1")
    assert found["wrong"] == 0
    assert done.stderr == ""
