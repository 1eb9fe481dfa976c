"""The Parquet store: three flat tables a job, committed trial by trial.

    trials/<trial>.parquet        one row per trial; the commit mark: without it, epochs and predictions do not count
    epochs/<trial>.parquet        one row per trial and epoch
    predictions/<trial>.parquet   one row per trial and test example
    trials/compact-<hash>.parquet, epochs/compact-<hash>.parquet     the same rows of many finished trials

Each carries the digest of its content (`parquet`), as `job.json` and checkpoints do; what differs from it is damaged.

`trials/*.parquet` is the whole table for anything that reads Parquet, compacted or not, with rows of settings that the
job no longer has: `job.json` lists the condition ids of those it has. Who is cut off while compacting
leaves rows twice until the next submit has tidied up; this project's readers count them once, others do with
`select distinct on (trial_id) ...` (for epochs: `on (trial_id, epoch)`).
"""
