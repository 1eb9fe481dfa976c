"""Settings of Ray and TensorFlow that are read from the environment, some of them while Ray is imported."""

import contextlib
import os

from cnnjobs.process.variables import variables

WORKERS = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",  # a worker with zero GPUs sees none
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
"""What worker processes need, on whatever machine they are."""

EVERYWHERE = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the store is ours
    "TUNE_GLOBAL_CHECKPOINT_S": "600",  # a submit continues from the store, not from Tune's state
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours
    "TUNE_WARN_THRESHOLD_S": "60",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # else `uv run` would upload the folder and start workers under uv
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",  # the new reporter prints at verbose=0 as well
    **WORKERS,
}

JOINING = {
    "RAY_NUM_REDIS_GET_RETRIES": "5",  # seconds until a cluster that refuses the token is given up, instead of 20
    "RAY_gcs_rpc_server_reconnect_timeout_s": "300",  # when the head is gone, we say so before Ray ends the process
}

OF_DEBUGGER = "PYTHONBREAKPOINT"
"""Variable that Ray sets when a process connects: `breakpoint()` would wait for a debugger of Ray ever after."""

IMPORTED_WITHIN = "CNNJOBS_IMPORTED_WITHIN_S"
"""Variable with the seconds that a worker has for its imports, where trials have a time limit."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Hosts that no proxy is asked for: it would see the token of a forwarded port, and reach its own loopback."""


def prepared_environment(*, joining: bool = False) -> contextlib.AbstractContextManager[None]:
    """Return a context with these settings; Ray is imported in one, and runs in one.

    Args:
        joining: whether a cluster is joined; no proxy is asked for the loopback then.
    """
    as_it_was = {OF_DEBUGGER: os.environ.get(OF_DEBUGGER)}
    return variables({**EVERYWHERE, **(JOINING | _past_proxies() if joining else {}), **as_it_was})


def _past_proxies() -> dict[str, str]:
    given = {name: filter(None, os.environ.get(name, "").split(",")) for name in ("no_proxy", "NO_PROXY")}
    return {name: ",".join(dict.fromkeys([*hosts, *LOOPBACK])) for name, hosts in given.items()}
