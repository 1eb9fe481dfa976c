"""Settings of Ray and TensorFlow that are read from the environment, some of them while Ray is imported."""

import os

ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the store is ours
    "TUNE_GLOBAL_CHECKPOINT_S": "600",  # a submit continues from the store, not from Tune's state
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours
    "TUNE_WARN_THRESHOLD_S": "60",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # else `uv run` would upload the folder and start workers under uv
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",  # a worker with zero GPUs sees none
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",  # the new reporter prints at verbose=0 as well
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def prepare_environment() -> None:
    """Set them; to be called before Ray is imported."""
    os.environ.update(ENVIRONMENT)
