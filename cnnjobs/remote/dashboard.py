"""What a cluster's dashboard says before anything is sent: whether it asks for a token, and which Ray it is."""

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cnnjobs.engine.places import ANSWERS_WITHIN_S, is_loopback
from cnnjobs.engine.token import find_token, token_file
from cnnjobs.errors import ClusterError


@dataclass(frozen=True)
class Cluster:
    """A cluster that takes jobs.

    Args:
        url: of its dashboard.
        ray_version: that runs there.
        asks_for_token: whether it refuses those who show none.
    """

    url: str
    ray_version: str
    asks_for_token: bool


def look_at(url: str, *, insecure: bool = False) -> Cluster:
    """Return what runs at a URL. The token is shown to nobody who does not ask for one.

    Args:
        url: of the dashboard.
        insecure: whether it may be one that asks for no token.

    Raises:
        ClusterError: if nothing answers, it is no Ray, it refuses the token, or it asks for none and is not the
            loopback.
    """
    mode = _get(url, "/api/authentication_mode", None, absent={})
    asks = mode.get("authentication_mode") == "token"
    host = urlsplit(url).hostname or ""
    if not asks and not insecure and not is_loopback(host):
        raise ClusterError(
            f"The cluster at {url} asks for no token: whoever reaches it can run code on it. Start it with "
            "RAY_AUTH_MODE=token (see cluster/README.md), or accept that with `insecure`."
        )
    token = find_token() if asks else None
    if asks and token is None:
        raise ClusterError(
            f"The cluster at {url} asks for a token, and this machine has none: there is no {token_file()}. Copy the "
            "head's ~/.ray/auth_token there (its owner alone may read it), or set RAY_AUTH_TOKEN_PATH."
        )
    version = _get(url, "/api/version", token).get("ray_version")
    if not isinstance(version, str):
        raise _no_ray(url)
    return Cluster(url, version, asks)


def is_plain(url: str) -> bool:
    """Say whether what is sent to a URL crosses a network unencrypted."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token would be shown to whoever a redirect leads to."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _get(url: str, path: str, token: str | None, absent: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the JSON object at a path; `absent` where the server has no such path."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    handlers: list[Any] = [_NoRedirects]
    if is_loopback(urlsplit(url).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))  # a proxy would see the token, and reach its own loopback
    opener = urllib.request.build_opener(*handlers)
    try:
        request = urllib.request.Request(url + path, headers=headers)
        with opener.open(request, timeout=ANSWERS_WITHIN_S) as answer:
            content = json.loads(answer.read(1 << 20))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (401, 403):
            raise ClusterError(
                f"The cluster at {url} refuses the token of this machine. Copy the head's ~/.ray/auth_token to "
                f"{token_file()}, or set RAY_AUTH_TOKEN_PATH; `ray get-auth-token` shows the head's."
            ) from None
        if error.code == 404 and absent is not None:
            return absent
        raise _no_ray(url) from None
    except (ValueError, http.client.HTTPException):  # what answers may speak another language than HTTP
        raise _no_ray(url) from None
    except OSError as error:
        raise ClusterError(
            f"Nothing answers at {url} within {ANSWERS_WITHIN_S:g} s ({_reason(error)}). Is the cluster up, and its "
            "port forwarded? `ray dashboard cluster/gpu.yaml` does that for a cluster of `ray up`, `ssh -N -L "
            "8265:localhost:8265 HEAD` for any other."
        ) from None
    if not isinstance(content, dict):
        raise _no_ray(url)
    return content


def _no_ray(url: str) -> ClusterError:
    return ClusterError(
        f"What answers at {url} is not the dashboard of a Ray cluster that takes jobs. `address` must be its URL, "
        "such as http://127.0.0.1:8265; on the head, Ray must be installed as ray[default]."
    )


def _reason(error: OSError) -> str:
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason) or type(error).__name__
