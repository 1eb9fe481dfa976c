"""What a person would use instead: each module trains the trials of a work file, as an expert in that tool would.

    python -m benchmarks.peers.loop WORK.json FOLDER

A file `VARIANT-REPEAT.json` a trial appears in the folder as soon as it has ended.
"""
