"""Trials of a real `cnnjobs submit` that share the GPU: how many an hour, and what memory each takes."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.gpu_parts import card
from benchmarks.gpu_parts.settings import Settings, environment, tell

AT_ONCE = (1, 8, 4, 2)
"""How many trials run at once, the most telling first."""

JOB = """
from cnnjobs import SGD, Job, Npz, Variant, cnn, vgg
base = Variant(model=vgg(blocks={blocks}, filters={filters}), optimizer=SGD(0.001, momentum=0.9), batch_size={batch},
               epochs={epochs})
job = Job(name="shares", dataset={dataset}, repeats={repeats}, variants={variants})
"""

TOO_LARGE = "base.but(model=cnn(blocks=((1024,),), dense=(16,)), batch_size=8192)"
"""Its first feature maps alone are 8192 x 30 x 30 x 1024 float32, 28 GiB."""


def measure(settings: Settings) -> None:
    """Submit the same job with one, eight, four and two trials at once."""
    found: dict[str, Any] = {}
    with card.Sampler() as sampler:
        for count in (2,) if settings.pretend else AT_ONCE:
            if time.time() > settings.until - (0 if settings.pretend else 20):
                found[str(count)] = {"error": "no time was left"}
            else:
                found[str(count)] = _submitted(count, settings, sampler)
            tell(at_once=found)


def outgrow(settings: Settings) -> None:
    """Let one variant of two want more than an eighth of the GPU: does it fail alone, and say why?"""
    if settings.pretend:
        tell(outgrown={"error": "not tried: there is no GPU"})
        return
    variants = f'{{"fits": base, "too large": {TOO_LARGE}}}'
    job = _job("outgrown", settings, repeats=2, epochs=2, variants=variants)
    words = ["--gpus-per-trial", "0.125", "--max-concurrent", "2"]
    code, said, results, _ = _submit(job, words)
    trials = _trials(results)
    tell(
        outgrown={
            "exit_code": code,
            "completed": sum(one["status"] == "completed" and one["variant"] == "fits" for one in trials),
            "expected": 2,
            "said": [line for line in said.splitlines() if "too large" in line or "share" in line][:6],
            "end": said[-1500:] if code not in (0, 1) else "",
        }
    )


def _submitted(count: int, settings: Settings, sampler: card.Sampler) -> dict[str, Any]:
    repeats = 2 if settings.pretend else 2 * count + 2
    job = _job(f"shares-{count}", settings, repeats=repeats, epochs=1 if settings.pretend else 10)
    share = ["--gpus-per-trial", "0", "--max-concurrent", str(count)]
    share = share if settings.pretend else ["--gpus-per-trial", f"{1 / count:g}"]
    began = time.time()
    code, said, results, memory = _submit(job, share)
    took = time.time() - began
    trials = [one for one in _trials(results) if one["status"] == "completed"]
    if not trials:
        return {"error": f"exit code {code}: {said[-1500:]}"}
    starts = [one["started_at"].timestamp() for one in trials]
    ends = [start + one["seconds"] for start, one in zip(starts, trials, strict=True)]
    window = max(ends) - min(starts)
    at_once = max(sum(a <= start < b for a, b in zip(starts, ends, strict=True)) for start in starts)
    return {
        "exit_code": code,
        "trials": len(trials),
        "expected": repeats,
        "at_once": at_once,
        "trials_an_hour": round(3600 * len(trials) / window),
        "seconds_a_trial": sorted(round(one["seconds"], 2) for one in trials),
        "setup_seconds": sorted(round(one["setup_seconds"], 2) for one in trials),
        "seconds_of_submit": round(took, 1),
        "accuracy": sorted(round(one["test_accuracy"], 4) for one in trials),
        "card": sampler.between(min(starts), max(ends)),
        "device": trials[0]["device"],
        "cpus": int(trials[0]["cpus"]),
        "share_mib": int(float(card.facts().get("memory.total", 0)) / count),
        "processes_mib": memory,
    }


def _job(name: str, settings: Settings, *, repeats: int, epochs: int, variants: str = '{"VGG-3": base}') -> Path:
    folder = Path(settings.out) / "submits" / name
    folder.mkdir(parents=True, exist_ok=True)
    is_npz, path = settings.photos.endswith(".npz"), str(Path(settings.photos).resolve()) if settings.photos else ""
    dataset = f"Npz({path!r})" if is_npz else repr(path or "digits")
    sizes = {"blocks": 1, "filters": 4, "batch": 64} if settings.pretend else {"blocks": 3, "filters": 32, "batch": 128}
    text = JOB.format(dataset=dataset, repeats=repeats, epochs=epochs, variants=variants, **sizes)
    (folder / "job.py").write_text(text, encoding="utf-8")
    return folder / "job.py"


def _submit(job: Path, words: list[str]) -> tuple[int, str, Path, dict[str, int]]:
    """Submit; return the exit code, what was said, the folder of results, and the most MiB of each process."""
    results = job.parent / "results"
    command = [sys.executable, "-m", "cnnjobs", "submit", str(job), "--results", str(results), "--address", "local"]
    most: dict[str, int] = {}
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.5):
            for pid, mib in card.processes().items():
                most[pid] = max(most.get(pid, 0), mib)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    finished = subprocess.run([*command, *words], capture_output=True, text=True, env=environment(), check=False)
    done.set()
    looking.join()
    return finished.returncode, finished.stdout + finished.stderr, results, most


def _trials(results: Path) -> list[dict[str, Any]]:
    from cnnjobs import load_results

    try:
        return list(load_results(str(results)).trials.to_dict("records"))
    except Exception:  # none was stored: what was said tells why
        return []
