"""`cnnjobs doctor` on this machine: a real trial through a real Ray, where much is set that trials must not see."""

import pytest
from support.commands import typed


def test_doctor_runs_one_real_trial_and_names_what_it_does_not_see(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"KERAS_BACKEND": "torch", "TF_USE_LEGACY_KERAS": "1", "CUDA_VISIBLE_DEVICES": ""}.items():
            patch.setenv(name, value)
        done = typed("doctor", "--results", "results", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("ok    one trial: trained as by `submit` in ") for line in lines)
    assert any("settings: trials do not see KERAS_BACKEND=torch, TF_USE_LEGACY_KERAS=1" in line for line in lines)
    assert done.stderr == ""
