"""`ray up cluster/gpu.yaml` and `ray down`, as commands, against an imitation of AWS; ssh and rsync only take notes."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import pytest
from support.ray_up import ROOT, Laptop, Said, free_port

boto3 = pytest.importorskip("boto3", reason="pip install 'cnnjobs[cluster]'")
pytest.importorskip("moto", reason="pip install 'moto[ec2,iam,server]'")
pytest.importorskip("jsonschema", reason="Ray checks cluster files with it: pip install 'ray[default]'")

FILE = "cluster/gpu.yaml"
ADDRESS = "203.0.113.7/32"
# What stands in for ssh answers the questions Ray's docker runner asks, as a machine on which the container runs.
SSH = """#!/bin/bash
printf '%s\\n' "$*" >>"$NOTES/ssh.txt"
case "$*" in
    *State.Running*) echo true ;;
    *printenv*) echo /home/ray ;;
esac
"""
RSYNC = """#!/bin/bash
printf '%s\\n' "$*" >>"$NOTES/rsync.txt"
for word; do case "$word" in */ray-bootstrap-*) cp "$word" "$NOTES/bootstrap.json" ;; esac; done
"""


@dataclass
class Cloud:
    """An imitation of AWS, and what was seen of it at each step."""

    laptop: Laptop
    environment: dict[str, str]
    notes: Path
    said: dict[str, Said] = field(default_factory=dict)
    seen: dict[str, list] = field(default_factory=dict)

    def client(self, service):
        return boto3.client(
            service,
            region_name="us-west-2",
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )

    def step(self, name, *command):
        self.said[name] = self.laptop.run(*command, timeout_s=90, **self.environment)
        pages = self.client("ec2").describe_instances()
        self.seen[name] = [one for page in pages["Reservations"] for one in page["Instances"]]

    def aws_py(self, name, *arguments):
        self.step(name, sys.executable, "cluster/aws.py", *arguments)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """An account before anything, and the steps of cluster/README.md, each once for all tests below."""
    room = tmp_path_factory.mktemp("aws")
    port = free_port()
    with (room / "moto.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log
        )
    try:
        cloud = Cloud(Laptop(room).furnish(), environment_of(room, port), room / "notes")
        wait_for(f"http://127.0.0.1:{port}/moto-api/data.json", server)
        cloud.step("up unprepared", "ray", "up", "-y", FILE)
        cloud.aws_py("open to all", "prepare", "--ssh-from", "0.0.0.0/0")
        cloud.aws_py("prepare", "prepare", "--ssh-from", ADDRESS, "--bucket", "my-results")
        cloud.aws_py("prepare again", "prepare", "--ssh-from", ADDRESS, "--bucket", "my-results")
        cloud.step("up", "ray", "up", "-y", "--no-config-cache", FILE)
        start_worker(cloud)
        cloud.aws_py("left while up", "left")
        cloud.step("down", "ray", "down", "-y", FILE)
        cloud.aws_py("left", "left")
        yield cloud
    finally:
        server.kill()
        server.wait(10)


def environment_of(room, port):
    programs = room / "programs"
    (room / "notes").mkdir()
    programs.mkdir()
    for name, text in (("ssh", SSH), ("rsync", RSYNC)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NOTES": str(room / "notes"),
        "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
    }


def start_worker(cloud):
    """As the head's autoscaler does it, with the file that `ray up` sent to the head."""
    script = (
        "import json, sys; from ray.autoscaler._private.providers import _get_node_provider\n"
        "config = json.load(open(sys.argv[1]))\n"
        "provider = _get_node_provider(config['provider'], config['cluster_name'])\n"
        "tags = {'ray-node-type': 'worker', 'ray-user-node-type': 'gpu', 'ray-launch-config': 'x'}\n"
        "provider.create_node(config['available_node_types']['gpu']['node_config'], tags, 1)\n"
    )
    cloud.step("worker", sys.executable, "-c", script, str(cloud.notes / "bootstrap.json"))


def wait_for(address, server):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the imitation of AWS does not answer")


def head_and_worker(cloud):
    head, worker = sorted(cloud.seen["worker"], key=lambda one: one["InstanceType"] != "m5.large")
    return head, worker


def test_without_prepare_no_machine_starts(cloud):
    assert cloud.said["up unprepared"].code != 0
    assert "Instance profile cnnjobs-head not found" in cloud.said["up unprepared"].text
    assert cloud.seen["up unprepared"] == []


def test_prepare_refuses_ssh_from_everywhere(cloud):
    assert cloud.said["open to all"].code == 2
    assert "lets the whole internet try" in cloud.said["open to all"].text


def test_prepare_says_what_it_made(cloud):
    said = cloud.said["prepare"]
    assert said.code == 0, said.text
    assert f"ssh from {ADDRESS}, anything between members" in said.text
    assert "role cnnjobs-head: workers in us-west-2, objects in s3://my-results" in said.text
    assert cloud.said["prepare again"] == said


def test_up_starts_one_head_with_the_role_and_in_the_group(cloud):
    assert cloud.said["up"].code == 0, cloud.said["up"].text
    (head,) = cloud.seen["up"]
    assert head["InstanceType"] == "m5.large"
    assert head["IamInstanceProfile"]["Arn"].endswith("instance-profile/cnnjobs-head")
    assert [group["GroupName"] for group in head["SecurityGroups"]] == ["cnnjobs"]
    assert "InstanceLifecycle" not in head, "on demand"


def test_the_group_lets_in_ssh_from_one_address_and_its_own_members(cloud):
    """Ray, which was there first, had made it with ssh from everywhere."""
    ec2 = cloud.client("ec2")
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["cnnjobs"]}])["SecurityGroups"]
    rules = sorted(group["IpPermissions"], key=lambda rule: rule["IpProtocol"])
    assert [rule["IpProtocol"] for rule in rules] == ["-1", "tcp"]
    members, ssh = rules
    assert [pair["GroupId"] for pair in members["UserIdGroupPairs"]] == [group["GroupId"]]
    assert members["IpRanges"] == members["Ipv6Ranges"] == []
    assert (ssh["FromPort"], ssh["ToPort"]) == (22, 22)
    assert ([range_["CidrIp"] for range_ in ssh["IpRanges"]], ssh["UserIdGroupPairs"]) == ([ADDRESS], [])
    assert ssh["Ipv6Ranges"] == []


def test_workers_are_spot_without_a_role_in_the_same_group(cloud):
    assert cloud.said["worker"].code == 0, cloud.said["worker"].text
    head, worker = head_and_worker(cloud)
    assert (worker["InstanceType"], worker["InstanceLifecycle"]) == ("g4dn.xlarge", "spot")
    assert "IamInstanceProfile" not in worker
    assert worker["SecurityGroups"] == head["SecurityGroups"]


def test_the_heads_role_may_do_what_a_head_does_and_no_more(cloud):
    iam = cloud.client("iam")
    assert iam.list_attached_role_policies(RoleName="cnnjobs-head")["AttachedPolicies"] == []
    policy = iam.get_role_policy(RoleName="cnnjobs-head", PolicyName="cnnjobs-head")["PolicyDocument"]
    rights = {action: statement for statement in policy["Statement"] for action in statement["Action"]}
    assert sorted(rights) == [
        *("ec2:CreateTags", "ec2:Describe*", "ec2:RunInstances", "ec2:TerminateInstances"),
        *("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"),
        *("s3:PutObject", "ssm:GetParameters"),
    ]
    own = {"StringEquals": {"aws:ResourceTag/ray-cluster-name": "cnnjobs-gpu"}}
    assert rights["ec2:TerminateInstances"]["Condition"] == own
    tagging = [one["Condition"]["StringEquals"] for one in policy["Statement"] if "ec2:CreateTags" in one["Action"]]
    new = {"aws:RequestedRegion": "us-west-2", "ec2:CreateAction": "RunInstances"}
    assert tagging == [new, own["StringEquals"]], "it cannot make an instance the cluster's that is not"
    assert rights["s3:PutObject"]["Resource"] == "arn:aws:s3:::my-results/*"


def test_the_head_gets_token_project_pinned_image_and_start(cloud):
    copied, ran = (cloud.notes / "rsync.txt").read_text(), (cloud.notes / "ssh.txt").read_text()
    assert f"{cloud.laptop.token_file} ubuntu@" in copied
    assert "--exclude .git " in copied
    order = [
        "docker pull rayproject/ray:2.60.0-py311",
        "chmod 600 /home/ray/.ray/auth_token",
        "pip install -q /home/ray/cnnjobs-src",
        "ray start --head --port=6379 --object-manager-port=8076 --dashboard-host=127.0.0.1",
    ]
    places = [ran.find(part) for part in order]
    assert -1 not in places
    assert places == sorted(places)


def test_the_head_knows_how_workers_are_set_up(cloud):
    sent = json.loads((cloud.notes / "bootstrap.json").read_text())
    assert sent["worker_setup_commands"][-1].startswith("pip install -q ~/cnnjobs-src'[gpu]' 'ray==")
    assert sent["file_mounts"] == {
        "~/.ray/auth_token": "~/.ray/auth_token",
        "~/cnnjobs-src": "~/cnnjobs-src",
        **{name: name for name in sent["file_mounts"] if "bootstrap" in name},
    }


def test_left_names_machines_and_disks_while_the_cluster_is_up(cloud):
    said = cloud.said["left while up"]
    lines = said.text.splitlines()
    assert said.code == 1
    assert sorted(line.split()[0] for line in lines) == ["disk", "disk", "instance", "instance"]
    assert any("(g4dn.xlarge): running" in line for line in lines)


def test_down_terminates_head_and_workers_and_their_disks(cloud):
    assert cloud.said["down"].code == 0, cloud.said["down"].text
    assert "No nodes remaining." in cloud.said["down"].text
    assert [one["State"]["Name"] for one in cloud.seen["down"]] == ["terminated"] * 2
    assert cloud.said["left"] == Said("nothing of cnnjobs-gpu is left in us-west-2: no instance, no disk\n", 0)
    assert cloud.client("ec2").describe_volumes()["Volumes"] == []


def test_remove_takes_back_what_prepare_made(cloud):
    cloud.aws_py("remove", "remove")
    assert cloud.said["remove"].code == 0, cloud.said["remove"].text
    names = [group["GroupName"] for group in cloud.client("ec2").describe_security_groups()["SecurityGroups"]]
    assert "cnnjobs" not in names
    assert "cnnjobs-head" not in [role["RoleName"] for role in cloud.client("iam").list_roles()["Roles"]]
    cloud.aws_py("remove again", "remove")
    assert cloud.said["remove again"].code == 0


def test_the_script_says_how_it_is_used(cloud):
    assert "prepare" in cloud.laptop.run(sys.executable, str(ROOT / "cluster" / "aws.py"), "--help").text
