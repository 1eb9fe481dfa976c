"""What belongs to a process: the settings that are pinned, its state, streams, temporary files and machine."""
