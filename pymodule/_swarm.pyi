"""Types of the compiled core, ``_swarm``."""

from typing import Any, Optional, Sequence

VERSION: str
"""Version of libswarm, such as ``"0.1.0"``."""

OPS: tuple[str, ...]
"""Names of the operations that :meth:`Client.call` knows."""

class Error(Exception):
    """Base of the errors below. ``str(error)`` is one line without secrets."""

    code: str
    """Name of the code, such as ``"SWARM_E_TIMEOUT"``."""
    status: int
    """The engine's HTTP status, 0 where there was none."""
    errno: int
    """``errno`` of a failed system call, 0 where there was none."""

class InvalidArgument(Error): ...
class ConnectError(Error): ...
class PermissionDenied(Error): ...
class TransportError(Error): ...
class Timeout(Error): ...
class Canceled(Error): ...
class TooLarge(Error): ...
class BadAnswer(Error): ...
class HTTPError(Error): ...
class NotFound(Error): ...
class Conflict(Error): ...
class Unavailable(Error): ...
class VersionError(Error): ...
class OutOfSequence(Error): ...
class NoLeader(Error): ...
class NotManager(Error): ...
class NotMember(Error): ...
class AlreadyMember(Error): ...
class Locked(Error): ...
class BadToken(Error): ...
class QuorumError(Error): ...
class Ambiguous(Error): ...
class StillPending(Error): ...
class StateError(Error): ...

class Client:
    """One engine. Timeouts are in seconds, as int or float; ``None`` means the default."""

    def __init__(
        self,
        url: Optional[str] = None,
        *,
        api_version: Optional[str] = None,
        timeout: Optional[float] = None,
        max_body: Optional[int] = None,
    ) -> None: ...
    @property
    def url(self) -> str: ...
    def api_version(self) -> str: ...
    def call(
        self,
        op: str,
        id: Optional[str] = None,
        *,
        query: Optional[dict[str, Any]] = None,
        body: Optional[dict[str, Any]] = None,
        timeout: Optional[float] = None,
    ) -> Any: ...
    def local(self, *, timeout: Optional[float] = None) -> dict[str, Any]: ...
    def init(
        self,
        *,
        listen_addr: Optional[str] = None,
        advertise_addr: Optional[str] = None,
        data_path_addr: Optional[str] = None,
        data_path_port: Optional[int] = None,
        availability: Optional[str] = None,
        default_addr_pool: Optional[Sequence[str]] = None,
        subnet_size: Optional[int] = None,
        autolock: bool = False,
        force_new_cluster: bool = False,
        spec: Optional[dict[str, Any]] = None,
        timeout: Optional[float] = None,
    ) -> str: ...
    def join(
        self,
        remote_addrs: Sequence[str],
        token: str,
        *,
        digest: Optional[str] = None,
        listen_addr: Optional[str] = None,
        advertise_addr: Optional[str] = None,
        data_path_addr: Optional[str] = None,
        availability: Optional[str] = None,
        manager: bool = False,
        replace_pending: bool = False,
        pending_timeout: Optional[float] = None,
        timeout: Optional[float] = None,
    ) -> None: ...
    def leave(self, *, force: bool = False, timeout: Optional[float] = None) -> None: ...
    def tokens(self, *, timeout: Optional[float] = None) -> dict[str, str]: ...
    def cluster_update(
        self,
        patch: Optional[dict[str, Any]] = None,
        *,
        rotate_worker_token: bool = False,
        rotate_manager_token: bool = False,
        rotate_unlock_key: bool = False,
        timeout: Optional[float] = None,
    ) -> dict[str, Any]: ...
    def node_list(self, *, timeout: Optional[float] = None) -> list[dict[str, Any]]: ...
    def node_inspect(self, node: str, *, timeout: Optional[float] = None) -> dict[str, Any]: ...
    def node_update(
        self, node: str, patch: dict[str, Any], *, timeout: Optional[float] = None
    ) -> dict[str, Any]: ...
    def node_drain(self, node: str, *, timeout: Optional[float] = None) -> dict[str, Any]: ...
    def node_remove(
        self,
        node: str,
        *,
        force: bool = False,
        demote: bool = False,
        timeout: Optional[float] = None,
    ) -> None: ...
    def close(self) -> None: ...

def redact(text: str) -> str:
    """The text with join tokens, unlock keys and private keys blanked."""

def token_parse(token: str) -> dict[str, Any]:
    """``{"digest": str, "fips": bool}`` of a join token; raises :class:`BadToken`."""

def probe(address: str, *, timeout: Optional[float] = None) -> None:
    """Return if ``host[:port]`` accepts TCP connections; raise an :class:`Error` if not."""
