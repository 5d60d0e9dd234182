"""Types of the compiled core, ``_swarm``."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Optional, Union, final

VERSION: str
"""Version of libswarm, such as ``"0.1.0"``."""

OPS: tuple[str, ...]
"""Names of the operations; :meth:`Client.call` takes all but ``events`` and the two ``_logs``."""

_Filters = dict[str, Union[str, list[str], tuple[str, ...]]]
"""Values of one name are alternatives, different names must all fit."""

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
class BadKey(Error): ...

@final
class Events(Iterator[Optional[dict[str, Any]]]):
    """Made by :meth:`Client.events`."""

    @property
    def client(self) -> Optional[Client]: ...
    def __iter__(self) -> Events: ...
    def __next__(self) -> Optional[dict[str, Any]]: ...
    def close(self) -> None: ...

@final
class Logs(Iterator[tuple[str, bytes]]):
    """Made by :meth:`Client.logs`."""

    def __iter__(self) -> Logs: ...
    def __next__(self) -> tuple[str, bytes]: ...
    def close(self) -> None: ...

class Client:
    """One engine. Timeouts are in seconds, as int or float; ``None`` means the default."""

    def __init__(
        self,
        url: Optional[str] = None,
        *,
        api_version: Optional[str] = None,
        timeout: Optional[float] = None,
        max_body: Optional[int] = None,
        ca: Optional[str] = None,
        cert: Optional[str] = None,
        key: Optional[str] = None,
        verify: Optional[bool] = None,
        context: Optional[str] = None,
    ) -> None: ...
    @property
    def url(self) -> str: ...
    @property
    def progress(self) -> Optional[Callable[[str, int, int, str], Any]]: ...
    @progress.setter
    def progress(self, value: Optional[Callable[[str, int, int, str], Any]]) -> None: ...
    def api_version(self) -> str: ...
    def call(
        self,
        op: str,
        id: Optional[str] = None,
        *,
        query: Optional[dict[str, Any]] = None,
        body: Optional[dict[str, Any]] = None,
        registry_auth: Optional[dict[str, str]] = None,
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
        force_despite_leader: bool = False,
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
        worker: bool = False,
    ) -> None: ...
    def leave(self, *, force: bool = False, timeout: Optional[float] = None) -> None: ...
    def leave_cleanly(self, manager: Client, *, timeout: Optional[float] = None) -> None: ...
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
    def ca_rotate(
        self,
        *,
        cert: Optional[str] = None,
        key: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> None: ...
    def node_list(
        self, *, filters: Optional[_Filters] = None, timeout: Optional[float] = None
    ) -> list[dict[str, Any]]: ...
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
    def unlock(self, key: str, *, timeout: Optional[float] = None) -> None: ...
    def unlock_key(self, *, rotate: bool = False, timeout: Optional[float] = None) -> str: ...
    def node_promote(self, node: str, *, timeout: Optional[float] = None) -> dict[str, Any]: ...
    def node_demote(self, node: str, *, timeout: Optional[float] = None) -> dict[str, Any]: ...
    def node_prune(self, *, timeout: Optional[float] = None) -> list[str]: ...
    def quorum(
        self,
        leaving: Optional[Sequence[str]] = None,
        *,
        joining: int = 0,
        timeout: Optional[float] = None,
    ) -> dict[str, int]: ...
    def object_list(
        self, kind: str, *, filters: Optional[_Filters] = None, timeout: Optional[float] = None
    ) -> list[dict[str, Any]]: ...
    def object_inspect(
        self, kind: str, ref: str, *, timeout: Optional[float] = None
    ) -> dict[str, Any]: ...
    def object_create(
        self,
        kind: str,
        spec: dict[str, Any],
        *,
        registry_auth: Optional[dict[str, str]] = None,
        timeout: Optional[float] = None,
    ) -> dict[str, Any]: ...
    def object_update(
        self,
        kind: str,
        ref: str,
        patch: dict[str, Any],
        *,
        registry_auth: Optional[dict[str, str]] = None,
        timeout: Optional[float] = None,
    ) -> dict[str, Any]: ...
    def object_remove(self, kind: str, ref: str, *, timeout: Optional[float] = None) -> None: ...
    def task_list(
        self, *, filters: Optional[_Filters] = None, timeout: Optional[float] = None
    ) -> list[dict[str, Any]]: ...
    def service_apply(
        self,
        name: str,
        service: dict[str, Any],
        *,
        strict: bool = False,
        show_env: bool = False,
        dry_run: bool = False,
        resolve_image: str = "changed",
        force_update: Optional[str] = None,
        stack: Optional[str] = None,
        registry_auth: Optional[dict[str, str]] = None,
        timeout: Optional[float] = None,
    ) -> dict[str, Any]: ...
    def image_resolve(
        self,
        image: str,
        *,
        registry_auth: Optional[dict[str, str]] = None,
        timeout: Optional[float] = None,
    ) -> dict[str, Any]: ...
    def service_scale(
        self, service: str, count: int, *, timeout: Optional[float] = None
    ) -> dict[str, Any]: ...
    def service_rollback(self, service: str, *, timeout: Optional[float] = None) -> None: ...
    def service_wait(self, service: str, *, timeout: Optional[float] = None) -> dict[str, Any]: ...
    def task_why(self, ref: str, *, timeout: Optional[float] = None) -> list[dict[str, Any]]: ...
    def events(
        self,
        *,
        filters: Optional[_Filters] = None,
        others: Optional[Union[list[Client], tuple[Client, ...]]] = None,
        timeout: Optional[float] = None,
    ) -> Events: ...
    def logs(
        self,
        kind: str,
        ref: str,
        *,
        query: Optional[dict[str, Any]] = None,
        timeout: Optional[float] = None,
    ) -> Logs: ...
    def close(self) -> None: ...

def redact(text: str) -> str:
    """The text with join tokens, unlock keys and private keys blanked."""

def token_parse(token: str) -> dict[str, Any]:
    """``{"digest": str, "fips": bool}`` of a join token; raises :class:`BadToken`."""

def probe(address: str, *, timeout: Optional[float] = None) -> None:
    """Return if ``host[:port]`` accepts TCP connections; raise an :class:`Error` if not."""

def spec_check(
    service: dict[str, Any], *, ids: Optional[dict[str, dict[str, str]]] = None
) -> list[str]:
    """What is wrong with a service in compose's words, a line each."""

def spec_merge(
    spec: Optional[dict[str, Any]],
    service: dict[str, Any],
    *,
    name: Optional[str] = None,
    ids: Optional[dict[str, dict[str, str]]] = None,
    strict: bool = False,
    show_env: bool = False,
) -> dict[str, Any]:
    """Merge a service in compose's words into the engine's spec, or into None for a new one."""

def spec_words(
    spec: dict[str, Any],
    *,
    ids: Optional[dict[str, dict[str, str]]] = None,
    show_env: bool = False,
) -> dict[str, Any]:
    """An engine's spec in compose's words."""
