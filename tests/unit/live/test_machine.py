"""What is said of the machine, by what it tells of itself."""

from cnnjobs.live.machine import MachineWatch, busy_share, cpu_times, memory, parsed_gpus


def test_busy_is_the_share_of_time_between_two_counts():
    assert busy_share((100, 200), (150, 300)) == 0.5
    assert busy_share((100, 200), (100, 300)) == 1.0
    assert busy_share(None, (1, 2)) is None
    assert busy_share((1, 2), (1, 2)) is None


def test_gpus_are_told_with_what_is_known_of_each():
    told = parsed_gpus("0, NVIDIA H200, 87, 12000, 143771\n1, NVIDIA H200 MIG, [N/A], 5, 100\nNo devices were found\n")
    assert told == [
        {"index": "0", "name": "NVIDIA H200", "busy": 0.87, "used": 12000.0, "total": 143771.0},
        {"index": "1", "name": "NVIDIA H200 MIG", "busy": None, "used": 5.0, "total": 100.0},
    ]
    assert parsed_gpus("") == []


def test_a_machine_that_tells_nothing_is_left_out(monkeypatch, tmp_path):
    monkeypatch.setattr("cnnjobs.live.machine.STAT", tmp_path / "none")
    monkeypatch.setattr("cnnjobs.live.machine.MEMINFO", tmp_path / "none")
    assert cpu_times() is None
    assert memory() == {}


def test_nobody_looks_at_the_machine_before_somebody_asks():
    watch = MachineWatch(every_s=0.01)
    assert watch._thread is None
    assert watch.now() == {}
    watch.close()
    watch._thread.join(5)
    assert not watch._thread.is_alive()
