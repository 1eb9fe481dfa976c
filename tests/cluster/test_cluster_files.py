"""What the files for `ray up` promise: Ray accepts them, and Ray's dangerous defaults are not in them."""

import re
import stat
import subprocess
import tempfile
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from support.other_user import as_other_user, needs_two_users

pytest.importorskip("jsonschema", reason="Ray checks cluster files with it: pip install 'ray[default]'")
packaging_specifiers = pytest.importorskip("packaging.specifiers")
packaging_requirements = pytest.importorskip("packaging.requirements")

ROOT = Path(__file__).parent.parent.parent
FILES = ("gpu", "local")
STARTS = ("head_start_ray_commands", "worker_start_ray_commands")
SETUPS = ("initialization_commands", "setup_commands", "head_setup_commands", "worker_setup_commands")


def load(name):
    return yaml.safe_load((ROOT / "cluster" / f"{name}.yaml").read_text())


def filled(name):
    """The file as Ray completes it with its defaults."""
    from ray.autoscaler._private.util import prepare_config

    return prepare_config(load(name))


def commands(config, keys=SETUPS + STARTS):
    return [command for key in keys for command in config[key]]


def pins(name):
    """The versions a file pins, as {"ray": {"2.60.0"}, ...}."""
    found = {}
    for library, pinned in re.findall(r"'(\w+)==([\d.]+)'", "\n".join(commands(filled(name)))):
        found.setdefault(library, set()).add(pinned)
    return found


@pytest.mark.parametrize("name", FILES)
def test_ray_accepts_the_file(name):
    from ray.autoscaler._private.util import validate_config

    validate_config(filled(name))


@pytest.mark.parametrize("name", FILES)
def test_every_start_asks_for_the_token_and_hides_gpus_from_who_asked_for_none(name):
    for key in STARTS:
        (start,) = [command for command in filled(name)[key] if "ray start" in command]
        assert "RAY_AUTH_MODE=token" in start
        assert "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO=1" in start
        assert "--disable-usage-stats" in start


def folder_commands(name, key):
    """The command that makes the folder for Ray's files, and the one that starts Ray."""
    makes, start = filled(name)[key][-2:]
    assert "ray start" in start
    (folder,) = re.findall(r"RAY_TMPDIR=(\S+?);? ", start)
    return makes, folder


@pytest.mark.parametrize("key", STARTS)
@pytest.mark.parametrize("name", FILES)
def test_rays_files_lie_in_a_folder_that_is_its_users_alone(name, key, tmp_path):
    """Ray makes its own writable by all, and who can change them runs code as their user."""
    makes, folder = folder_commands(name, key)
    assert f"own={folder};" in makes
    own = tmp_path / "own"

    def run():
        command = makes.replace(folder, str(own))
        return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=20)

    for _ in range(2):  # `ray up` again
        assert run().returncode == 0
        assert stat.S_IMODE(own.stat().st_mode) == 0o700
        (own / "ray" / "session").mkdir(parents=True)
    own.chmod(0o777)
    assert run().returncode == 0
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert not (own / "ray").exists(), "of the Ray before, which has been stopped"


@pytest.mark.parametrize("name", FILES)
def test_a_link_in_the_place_of_rays_folder_is_not_followed(name, tmp_path):
    """Somebody lays it to a folder of the user's, and to one of their own when Ray runs."""
    makes, folder = folder_commands(name, STARTS[0])
    own = tmp_path / "own"
    (tmp_path / "home" / "ray").mkdir(parents=True)
    own.symlink_to(tmp_path / "home")
    command = makes.replace(folder, str(own))
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (1, f"{own} is not yours\n")
    assert (tmp_path / "home" / "ray").is_dir()


@needs_two_users
@pytest.mark.parametrize("name", FILES)
def test_a_folder_of_another_user_in_its_place_is_not_used(name):
    makes, folder = folder_commands(name, STARTS[0])
    with tempfile.TemporaryDirectory(dir="/tmp") as shared:
        Path(shared).chmod(0o1777)
        assert as_other_user('mkdir -m 777 "$1"', f"{shared}/own") == ""
        command = makes.replace(folder, f"{shared}/own")
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (1, f"{shared}/own is not yours\n")


def test_commands_in_the_container_find_the_ray_that_runs_there():
    _, folder = folder_commands("gpu", STARTS[0])
    assert f"--env RAY_TMPDIR={folder}" in load("gpu")["docker"]["run_options"]


@pytest.mark.parametrize("name", FILES)
def test_the_dashboard_listens_on_loopback(name):
    assert re.findall(r"--dashboard-host=(\S+)", "\n".join(commands(filled(name)))) == ["127.0.0.1"]


@pytest.mark.parametrize("name", FILES)
def test_the_token_goes_to_every_machine_for_its_user_alone(name):
    config = filled(name)
    assert config["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    assert config["head_setup_commands"][0] == config["worker_setup_commands"][0] == "chmod 600 ~/.ray/auth_token"


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_installed_from_an_address(name):
    """Ray's default installs last night's Ray from one."""
    assert not [command for command in commands(filled(name)) if "http" in command or "pip install -U" in command]


@pytest.mark.parametrize("name", FILES)
def test_pinned_versions_are_within_the_ranges_of_the_project(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = project["dependencies"] + [
        need for extra in ("cluster", "gpu") for need in project["optional-dependencies"][extra]
    ]
    ranges = [packaging_requirements.Requirement(need) for need in needs]
    assert set(pins(name)) == {"ray", "tensorflow"}
    for library, pinned in pins(name).items():
        (one,) = pinned
        assert all(one in need.specifier for need in ranges if need.name == library)


@pytest.mark.parametrize("library", ["ray", "tensorflow"])
def test_pinned_versions_are_those_that_tests_ran_with(library):
    pinned = set().union(*(pins(name)[library] for name in FILES))
    assert len(pinned) == 1, "the same in both files"
    if pinned != {version(library)}:
        pytest.skip(f"the files pin {library} {pinned.pop()}, these tests run with {version(library)}")


def test_the_image_has_the_ray_that_pip_is_told():
    assert load("gpu")["docker"]["image"] == f"rayproject/ray:{pins('gpu')['ray'].pop()}-py311"


def test_the_head_runs_no_trials_and_workers_start_from_none():
    config = filled("gpu")
    head, worker = config["available_node_types"]["head"], config["available_node_types"]["gpu"]
    assert config["head_node_type"] == "head"
    assert (head["resources"], head["max_workers"]) == ({"CPU": 0}, 0)
    assert (worker["resources"]["GPU"], worker["min_workers"]) == (1, 0)
    assert worker["max_workers"] == config["max_workers"]
    assert 0 < config["idle_timeout_minutes"] <= 10


def test_workers_are_spot_machines_that_see_their_gpu():
    config = filled("gpu")
    market = config["available_node_types"]["gpu"]["node_config"]["InstanceMarketOptions"]
    assert market["MarketType"] == "spot"
    assert market["SpotOptions"] == {"SpotInstanceType": "one-time", "InstanceInterruptionBehavior": "terminate"}
    assert config["docker"]["worker_run_options"] == ["--gpus all"]
    assert "InstanceMarketOptions" not in config["available_node_types"]["head"]["node_config"]


def test_nothing_stays_that_is_billed():
    config = filled("gpu")
    assert config["provider"]["cache_stopped_nodes"] is False
    for kind in config["available_node_types"].values():
        (disk,) = kind["node_config"]["BlockDeviceMappings"]
        assert disk["Ebs"]["DeleteOnTermination"] is True


def test_disks_carry_the_name_by_which_those_left_over_are_found():
    config = filled("gpu")
    for kind in config["available_node_types"].values():
        (tags,) = kind["node_config"]["TagSpecifications"]
        assert tags == {
            "ResourceType": "volume",
            "Tags": [{"Key": "ray-cluster-name", "Value": config["cluster_name"]}],
        }


def test_group_and_role_are_the_projects_own():
    """Ray's defaults let everybody try ssh, and let the head do anything with EC2 and S3."""
    config = filled("gpu")
    kinds = config["available_node_types"]
    assert config["provider"]["security_group"] == {"GroupName": "cnnjobs"}
    assert kinds["head"]["node_config"]["IamInstanceProfile"] == {"Name": "cnnjobs-head"}
    assert "IamInstanceProfile" not in kinds["gpu"]["node_config"]
    assert all(kind["node_config"]["MetadataOptions"]["HttpTokens"] == "required" for kind in kinds.values())


def test_machines_one_owns_get_the_first_autoscaler():
    """With the second, Ray 2.60 starts no workers there; that they start is tested over ssh."""
    (start,) = [command for command in load("local")["head_start_ray_commands"] if "ray start" in command]
    assert "RAY_enable_autoscaler_v2=0" in start


def test_the_kubernetes_job_takes_its_pods_away_and_has_a_token():
    job = load("rayjob")["spec"]
    cluster = job["rayClusterSpec"]
    assert job["shutdownAfterJobFinishes"] is True
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["headGroupSpec"]["rayStartParams"] == {"num-cpus": "0"}
    assert cluster["rayVersion"] == pins("gpu")["ray"].pop()
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        (container,) = group["template"]["spec"]["containers"]
        assert container["image"].endswith(f":{cluster['rayVersion']}-py311")


def test_the_kubernetes_job_asks_for_what_a_pod_has():
    """Nothing else says it before the first pod is there."""
    job = load("rayjob")["spec"]
    (workers,) = job["rayClusterSpec"]["workerGroupSpecs"]
    (container,) = workers["template"]["spec"]["containers"]
    limits = container["resources"]["limits"]
    assert f"--gpus-per-trial {limits['nvidia.com/gpu']} --cpus-per-trial {limits['cpu']}" in job["entrypoint"]


def test_the_readme_pins_the_same_versions_and_names_files_that_exist():
    text = (ROOT / "cluster" / "README.md").read_text()
    for library, pinned in re.findall(r"\b(ray|tensorflow)==([\d.]+)", text):
        assert {pinned} == pins("gpu")[library]
    for name in re.findall(r"\]\((\S+)\)", text):
        assert name.startswith("https://") or (ROOT / "cluster" / name).exists()


def test_the_slurm_script_is_bash():
    """On an allocation of two nodes, with programs that only say what they were asked."""
    script = f"""
        scontrol() {{ echo node1; echo node2; }}
        srun() {{
            printf '%s\\n' "$@"; while [[ $1 == --* ]]; do shift; done
            [[ $1 == ray ]] || "$@"; ls -ld /tmp/*-$$
        }}
        SLURM_JOB_NODELIST='node[1-2]' SLURM_CPUS_PER_TASK=8 SLURM_JOB_NUM_NODES=2 SLURM_JOB_ID=$$
        set -- 'jobs/a job.py' --repeats 3
        source {ROOT / "cluster" / "slurm.sh"}
    """
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=20, check=False)
    words = said.stdout.splitlines()
    assert words[words.index("--address") + 1] == "node1:6379"
    assert words[words.index("--min-nodes") + 1] == "2"
    rest = words[words.index("--") + 1 :]
    assert rest[:5] == ["cnnjobs", "submit", "jobs/a job.py", "--repeats", "3"]
    assert rest[5].startswith("drwx------"), "Ray's folder, while it runs"
    assert rest[-1].startswith("/tmp/cnnjobs-ray-"), "and at the end it is removed"
    assert not Path(rest[-1]).exists()


def test_the_environment_is_put_on_the_path_once(tmp_path):
    """The last setup command for machines one owns writes into ~/.bashrc, at every `ray up`."""
    last = load("local")["setup_commands"][-1]
    for _ in range(2):
        subprocess.run(
            ["bash", "-c", last], env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, check=True, timeout=20
        )
    assert (tmp_path / ".bashrc").read_text() == (
        'export PATH=~/cnnjobs-env/bin:"$PATH" RAY_AUTH_MODE=token RAY_TMPDIR=/tmp/cnnjobs-ray-$UID\n'
    )
