"""A local S3 server (moto) that counts requests, and can be slow, overloaded or forbidding."""

import threading
import time
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count

import boto3
import pytest
from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

KEY, SECRET = "AKIATESTKEYOFNOBODY", "SECRETkeyOfNobodyInPlainSight"
"""Credentials: moto takes any."""

DENIED = b"<Error><Code>InvalidAccessKeyId</Code><Message>The key does not exist in our records.</Message></Error>"
_numbers = count(1)


class _Quiet(WSGIRequestHandler):
    def log_request(self, *words):
        pass


class Storage:
    """The server; as a WSGI application it stands before moto's.

    `requests` lists (method, path, query), `keys` who signed them. `delay_s` is waited before each answer; the next
    `failures` requests are refused with 503, all that `denies` says yes to, of (method, path, query), with 403.
    """

    def __init__(self):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.requests, self.delay_s, self.failures, self.under_way, self.most_under_way = [], 0.0, 0, 0, 0
        self.keys = set()
        self.denies = lambda method, path, query: False
        self.lock = threading.Lock()
        self.server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.client = boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
        )

    def __call__(self, environ, start_response):
        request = (environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"])
        with self.lock:
            self.requests.append(request)
            self.keys.add(environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition("/")[0])
            fails = self.failures > 0
            self.failures -= fails
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            time.sleep(self.delay_s)
            if fails or self.denies(*request):
                return refuse(
                    environ, start_response, HTTPStatus.SERVICE_UNAVAILABLE if fails else HTTPStatus.FORBIDDEN
                )
            return self.moto(environ, start_response)
        finally:
            with self.lock:
                self.under_way -= 1

    def new_bucket(self):
        name = f"bucket-{next(_numbers)}"
        self.client.create_bucket(Bucket=name)
        return name

    def put(self, bucket, name, content, *, age_s=86_400, at=None):
        """Put an object, last written so many seconds ago, or at a time in seconds since 1970."""
        self.client.put_object(Bucket=bucket, Key=name, Body=content)
        moment = datetime.fromtimestamp(time.time() - age_s if at is None else at, UTC).replace(tzinfo=None)
        s3_backends["123456789012"]["aws"].get_object(bucket, name).last_modified = moment

    def objects(self, bucket):
        """Return name -> content of all objects; markers of folders are left out."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        names = [one["Key"] for page in pages for one in page.get("Contents", []) if not one["Key"].endswith("/")]
        return {name: self.client.get_object(Bucket=bucket, Key=name)["Body"].read() for name in names}

    def names(self, bucket):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {one["Key"] for page in pages for one in page.get("Contents", [])}

    def well(self):
        """Be quick and kind again, and forget what was asked."""
        self.delay_s, self.failures, self.most_under_way = 0.0, 0, 0
        self.denies = lambda method, path, query: False
        self.requests.clear()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        self.client.close()


def refuse(environ, start_response, status):
    """Answer with an error, after reading what came with the request."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" or status != HTTPStatus.FORBIDDEN else DENIED
    start_response(f"{status.value} {status.phrase}", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture(scope="module")
def server():
    made = Storage()
    yield made
    made.close()


@pytest.fixture
def storage(server, monkeypatch, tmp_path):
    """The server, found through the environment as on a real machine."""
    server.well()
    for name, value in environment(server, tmp_path).items():
        monkeypatch.setenv(name, value)
    yield server
    server.well()


def environment(server, home):
    """Return the variables by which AWS's libraries find server and keys, and nothing of the person who runs this."""
    return {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_CONFIG_FILE": str(home / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "CNNJOBS_CACHE": str(home / "cache"),
    }


@pytest.fixture
def bucket(storage):
    return storage.new_bucket()
