"""A plain loop over Keras's `fit` in one process, which uses all cores."""

from benchmarks.peers.work import asked, fit, load, save

if __name__ == "__main__":
    work, folder = asked()
    data = load(work)
    for variant, repeat in work.trials():
        save(folder, fit(work, data, variant, repeat))
