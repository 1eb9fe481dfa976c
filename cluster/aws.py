"""What an AWS account needs for cluster/gpu.yaml beside `ray up`, and what may still be billed after `ray down`.

    python cluster/aws.py prepare --ssh-from 203.0.113.7/32 [--bucket NAME]
    python cluster/aws.py left
    python cluster/aws.py remove

Needs boto3 and credentials that may manage EC2 and IAM. Running it again changes what differs and nothing else.
"""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

import boto3
import click
import yaml
from botocore.exceptions import ClientError

CLUSTER_FILE = Path(__file__).parent / "gpu.yaml"
TAG = "ray-cluster-name"  # Ray's own: it is on every instance that Ray starts
Account = dict[str, Any]


def account() -> Account:
    """Clients for the file's region, and the names the file uses."""
    config = yaml.safe_load(CLUSTER_FILE.read_text())
    region = config["provider"]["region"]
    head = config["available_node_types"][config["head_node_type"]]["node_config"]
    return {
        "ec2": boto3.client("ec2", region_name=region),
        "iam": boto3.client("iam", region_name=region),
        "region": region,
        "cluster": config["cluster_name"],
        "group": config["provider"]["security_group"]["GroupName"],
        "role": head["IamInstanceProfile"]["Name"],
    }


@click.group()
def main() -> None:
    """Prepares an AWS account for cluster/gpu.yaml, and says what may still be billed."""


@main.command()
@click.option("--ssh-from", required=True, metavar="CIDR", help="Who may try ssh: your address, as 203.0.113.7/32.")
@click.option("--bucket", metavar="NAME", help="A bucket that the head may read and write, for --results s3://NAME/...")
def prepare(ssh_from: str, bucket: str | None) -> None:
    """Makes the security group and the head's role, and sets their rules to exactly what is asked for."""
    try:
        cidr = str(ipaddress.IPv4Network(ssh_from))
    except ValueError as error:
        raise click.UsageError(f"--ssh-from must be an IPv4 range such as 203.0.113.7/32. Received: {error}.") from None
    if cidr == "0.0.0.0/0":
        raise click.UsageError("--ssh-from 0.0.0.0/0 lets the whole internet try. Give your own address, with /32.")
    aws = account()
    for vpc in _vpcs_ray_may_choose(aws):
        group = _make_group(aws, vpc)
        _set_rules(aws, group, cidr)
        click.echo(f"security group {aws['group']} ({group}) in {vpc}: ssh from {cidr}, anything between members")
    _make_role(aws, bucket)
    click.echo(f"role {aws['role']}: workers in {aws['region']}" + (f", objects in s3://{bucket}" if bucket else ""))


@main.command()
def left() -> None:
    """Lists what of the cluster may still be billed. Exit code 1 where there is something."""
    aws = account()
    found = _instances(aws) + _volumes(aws)
    for line in found:
        click.echo(line)
    if found:
        raise SystemExit(1)
    click.echo(f"nothing of {aws['cluster']} is left in {aws['region']}: no instance, no disk")


@main.command()
def remove() -> None:
    """Removes the security group and the role. They cost nothing; `prepare` makes them again."""
    aws = account()
    for group in _groups(aws):
        aws["ec2"].delete_security_group(GroupId=group["GroupId"])
        click.echo(f"removed security group {aws['group']} ({group['GroupId']})")
    role = {"RoleName": aws["role"]}
    _unless("NoSuchEntity", aws["iam"].remove_role_from_instance_profile, InstanceProfileName=aws["role"], **role)
    _unless("NoSuchEntity", aws["iam"].delete_instance_profile, InstanceProfileName=aws["role"])
    _unless("NoSuchEntity", aws["iam"].delete_role_policy, PolicyName=aws["role"], **role)
    _unless("NoSuchEntity", aws["iam"].delete_role, **role)
    click.echo(f"removed role {aws['role']}. Ray remembers the group: `ray up --no-config-cache` the next time")


def _vpcs_ray_may_choose(aws: Account) -> list[str]:
    """Ray takes subnets that hand out public addresses, all of one VPC; which VPC is its choice."""
    subnets = aws["ec2"].describe_subnets(Filters=[{"Name": "map-public-ip-on-launch", "Values": ["true"]}])["Subnets"]
    if not subnets:
        raise click.ClickException(
            f"no subnet in {aws['region']} hands out public addresses. Make a default VPC: aws ec2 create-default-vpc"
        )
    return sorted({subnet["VpcId"] for subnet in subnets})


def _groups(aws: Account) -> list[dict[str, Any]]:
    found = aws["ec2"].describe_security_groups(Filters=[{"Name": "group-name", "Values": [aws["group"]]}])
    groups: list[dict[str, Any]] = found["SecurityGroups"]
    return groups


def _make_group(aws: Account, vpc: str) -> str:
    for group in _groups(aws):
        if group["VpcId"] == vpc:
            return str(group["GroupId"])
    made = aws["ec2"].create_security_group(GroupName=aws["group"], Description="cnnjobs clusters", VpcId=vpc)
    return str(made["GroupId"])


def _set_rules(aws: Account, group: str, cidr: str) -> None:
    """Revokes whatever lets somebody in, then lets in members of the group, and ssh from `cidr`."""
    now = aws["ec2"].describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    if now:
        aws["ec2"].revoke_security_group_ingress(GroupId=group, IpPermissions=now)
    members = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": cidr}]}
    aws["ec2"].authorize_security_group_ingress(GroupId=group, IpPermissions=[members, ssh])


def _make_role(aws: Account, bucket: str | None) -> None:
    iam, name = aws["iam"], aws["role"]
    trust = _policy(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole")
    _unless("EntityAlreadyExists", iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=_policy(*_rights(aws, bucket)))
    _unless("EntityAlreadyExists", iam.create_instance_profile, InstanceProfileName=name)
    _unless("LimitExceeded", iam.add_role_to_instance_profile, InstanceProfileName=name, RoleName=name)
    # AWS makes this one at an account's first spot request, if whoever asks may; the head may not.
    spot = {"AWSServiceName": "spot.amazonaws.com"}
    _unless("InvalidInput EntityAlreadyExists", iam.create_service_linked_role, **spot)


def _rights(aws: Account, bucket: str | None) -> list[dict[str, Any]]:
    here = {"StringEquals": {"aws:RequestedRegion": aws["region"]}}
    own = {"StringEquals": {f"aws:ResourceTag/{TAG}": aws["cluster"]}}
    born = {"ec2:CreateAction": "RunInstances"}
    rights: list[dict[str, Any]] = [
        {"Action": ["ec2:Describe*"], "Resource": "*"},
        {"Action": ["ec2:RunInstances"], "Resource": "*", "Condition": here},
        # Tags say what is the cluster's: they are put on what it starts, and changed on what has the cluster's already.
        {"Action": ["ec2:CreateTags"], "Resource": "*", "Condition": {"StringEquals": here["StringEquals"] | born}},
        {"Action": ["ec2:CreateTags", "ec2:TerminateInstances"], "Resource": "*", "Condition": own},
        {"Action": ["ssm:GetParameters"], "Resource": "arn:aws:ssm:*::parameter/aws/service/deeplearning/*"},
    ]
    if bucket:
        objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
        rights += [
            {"Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": f"arn:aws:s3:::{bucket}"},
            {"Action": objects, "Resource": f"arn:aws:s3:::{bucket}/*"},
        ]
    return rights


def _policy(*rights: dict[str, Any], **right: Any) -> str:
    statements = [{"Effect": "Allow", **one} for one in rights or (right,)]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _instances(aws: Account) -> list[str]:
    states = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped", "shutting-down"]}
    mine = {"Name": f"tag:{TAG}", "Values": [aws["cluster"]]}
    pages = aws["ec2"].get_paginator("describe_instances").paginate(Filters=[mine, states])
    return [
        f"instance {one['InstanceId']} ({one['InstanceType']}): {one['State']['Name']}"
        for page in pages
        for reservation in page["Reservations"]
        for one in reservation["Instances"]
    ]


def _volumes(aws: Account) -> list[str]:
    mine = {"Name": f"tag:{TAG}", "Values": [aws["cluster"]]}
    pages = aws["ec2"].get_paginator("describe_volumes").paginate(Filters=[mine])
    return [f"disk {one['VolumeId']} ({one['Size']} GB): {one['State']}" for page in pages for one in page["Volumes"]]


def _unless(codes: str, call: Any, **arguments: Any) -> None:
    """Makes the call; that it was done already, which AWS says with one of the codes, is as good."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes.split():
            raise


if __name__ == "__main__":
    main()
