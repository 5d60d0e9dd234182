# SPDX-License-Identifier: Apache-2.0
"""Types of the compiled core, ``_swarm``."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, final

VERSION: str
"""Version of libswarm, such as ``"0.1.0"``."""

OPS: tuple[str, ...]
"""Names of the operations; :meth:`Client.call` takes all but ``events`` and the two ``_logs``."""

_Filters = dict[str, str | list[str] | tuple[str, ...]]
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
class Events(Iterator[dict[str, Any] | None]):
    """Made by :meth:`Client.events`."""

    @property
    def client(self) -> Client | None: ...
    def __iter__(self) -> Events: ...
    def __next__(self) -> dict[str, Any] | None: ...
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
        url: str | None = None,
        *,
        api_version: str | None = None,
        timeout: float | None = None,
        max_body: int | None = None,
        ca: str | None = None,
        cert: str | None = None,
        key: str | None = None,
        verify: bool | None = None,
        context: str | None = None,
    ) -> None: ...
    @property
    def url(self) -> str: ...
    @property
    def progress(self) -> Callable[[str, int, int, str], Any] | None: ...
    @progress.setter
    def progress(self, value: Callable[[str, int, int, str], Any] | None) -> None: ...
    def api_version(self) -> str: ...
    def call(
        self,
        op: str,
        id: str | None = None,
        *,
        query: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        registry_auth: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> Any: ...
    def local(self, *, timeout: float | None = None) -> dict[str, Any]: ...
    def init(
        self,
        *,
        listen_addr: str | None = None,
        advertise_addr: str | None = None,
        data_path_addr: str | None = None,
        data_path_port: int | None = None,
        availability: str | None = None,
        default_addr_pool: Sequence[str] | None = None,
        subnet_size: int | None = None,
        autolock: bool = False,
        force_new_cluster: bool = False,
        spec: dict[str, Any] | None = None,
        timeout: float | None = None,
        force_despite_leader: bool = False,
    ) -> str: ...
    def join(
        self,
        remote_addrs: Sequence[str],
        token: str,
        *,
        digest: str | None = None,
        listen_addr: str | None = None,
        advertise_addr: str | None = None,
        data_path_addr: str | None = None,
        availability: str | None = None,
        manager: bool = False,
        replace_pending: bool = False,
        pending_timeout: float | None = None,
        timeout: float | None = None,
        worker: bool = False,
    ) -> None: ...
    def leave(self, *, force: bool = False, timeout: float | None = None) -> None: ...
    def leave_cleanly(self, manager: Client, *, timeout: float | None = None) -> None: ...
    def tokens(self, *, timeout: float | None = None) -> dict[str, str]: ...
    def cluster_update(
        self,
        patch: dict[str, Any] | None = None,
        *,
        rotate_worker_token: bool = False,
        rotate_manager_token: bool = False,
        rotate_unlock_key: bool = False,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def ca_rotate(
        self,
        *,
        cert: str | None = None,
        key: str | None = None,
        timeout: float | None = None,
    ) -> None: ...
    def node_list(
        self, *, filters: _Filters | None = None, timeout: float | None = None
    ) -> list[dict[str, Any]]: ...
    def node_inspect(self, node: str, *, timeout: float | None = None) -> dict[str, Any]: ...
    def node_update(
        self, node: str, patch: dict[str, Any], *, timeout: float | None = None
    ) -> dict[str, Any]: ...
    def node_drain(self, node: str, *, timeout: float | None = None) -> dict[str, Any]: ...
    def node_remove(
        self,
        node: str,
        *,
        force: bool = False,
        demote: bool = False,
        timeout: float | None = None,
    ) -> None: ...
    def evict_plan(
        self,
        node: str,
        *,
        allow: Sequence[str] | None = None,
        force: bool = False,
        wait: bool = False,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def evict_plans(
        self,
        nodes: Sequence[str],
        *,
        allow: Sequence[str] | None = None,
        force: bool = False,
        timeout: float | None = None,
    ) -> list[dict[str, Any]]: ...
    def evict_images(
        self, nodes: Sequence[str], *, timeout: float | None = None
    ) -> list[dict[str, Any]]: ...
    def evict(
        self,
        node: str,
        *,
        allow: Sequence[str] | None = None,
        force: bool = False,
        drain: bool = False,
        reason: str | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def evict_undo(self, node: str, *, timeout: float | None = None) -> dict[str, Any]: ...
    def rebalance_plan(
        self, services: Sequence[str] | None = None, *, timeout: float | None = None
    ) -> list[dict[str, Any]]: ...
    def rebalance(
        self, services: Sequence[str] | None = None, *, timeout: float | None = None
    ) -> list[dict[str, Any]]: ...
    def unlock(self, key: str, *, timeout: float | None = None) -> None: ...
    def unlock_key(self, *, rotate: bool = False, timeout: float | None = None) -> str: ...
    def node_promote(self, node: str, *, timeout: float | None = None) -> dict[str, Any]: ...
    def node_demote(self, node: str, *, timeout: float | None = None) -> dict[str, Any]: ...
    def node_prune(self, *, timeout: float | None = None) -> list[str]: ...
    def quorum(
        self,
        leaving: Sequence[str] | None = None,
        *,
        joining: int = 0,
        timeout: float | None = None,
    ) -> dict[str, int]: ...
    def object_list(
        self, kind: str, *, filters: _Filters | None = None, timeout: float | None = None
    ) -> list[dict[str, Any]]: ...
    def object_inspect(
        self, kind: str, ref: str, *, timeout: float | None = None
    ) -> dict[str, Any]: ...
    def object_create(
        self,
        kind: str,
        spec: dict[str, Any],
        *,
        registry_auth: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def object_update(
        self,
        kind: str,
        ref: str,
        patch: dict[str, Any],
        *,
        registry_auth: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def object_remove(self, kind: str, ref: str, *, timeout: float | None = None) -> None: ...
    def service_list(
        self, *, filters: _Filters | None = None, timeout: float | None = None
    ) -> list[dict[str, Any]]: ...
    def task_list(
        self, *, filters: _Filters | None = None, timeout: float | None = None
    ) -> list[dict[str, Any]]: ...
    def service_apply(
        self,
        name: str,
        service: dict[str, Any],
        *,
        strict: bool = False,
        show_env: bool = False,
        resolve_image: str = "changed",
        force_update: str | None = None,
        stack: str | None = None,
        registry_auth: dict[str, str] | None = None,
        timeout: float | None = None,
        job_trigger: str | None = None,
        spec_patch: dict[str, Any] | None = None,
        replace: bool = False,
        retry: bool = False,
        dry_run: bool = False,
    ) -> dict[str, Any]: ...
    def service_diff(
        self,
        name: str,
        service: dict[str, Any],
        *,
        strict: bool = False,
        show_env: bool = False,
        resolve_image: str = "changed",
        force_update: str | None = None,
        stack: str | None = None,
        registry_auth: dict[str, str] | None = None,
        timeout: float | None = None,
        job_trigger: str | None = None,
        spec_patch: dict[str, Any] | None = None,
        replace: bool = False,
        retry: bool = False,
    ) -> dict[str, Any]: ...
    def secret_put(
        self,
        name: str,
        data: bytes | None,
        *,
        hash_key: bytes | None = None,
        template_driver: str | None = None,
        driver: dict[str, Any] | None = None,
        labels: dict[str, str | None] | None = None,
        keep: int = 1,
        fixed_name: bool = False,
        adopt: bool = False,
        spare_stacks: bool = False,
        wait: bool = True,
        retry: bool = False,
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def config_put(
        self,
        name: str,
        data: bytes,
        *,
        hash_key: bytes | None = None,
        template_driver: str | None = None,
        labels: dict[str, str | None] | None = None,
        keep: int = 1,
        fixed_name: bool = False,
        adopt: bool = False,
        spare_stacks: bool = False,
        wait: bool = True,
        retry: bool = False,
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def versioned_remove(
        self, kind: str, name: str, *, dry_run: bool = False, timeout: float | None = None
    ) -> dict[str, Any]: ...
    def versioned_users(
        self, kind: str, ref: str, *, timeout: float | None = None
    ) -> list[dict[str, Any]]: ...
    def stack_plan(
        self,
        stack: dict[str, Any],
        *,
        contents: dict[str, bytes] | None = None,
        hash_key: bytes | None = None,
        prune: bool = True,
        rollback: bool = True,
        wait: bool = True,
        hash_names: bool = True,
        resolve_image: str = "changed",
        registry_auth: dict[str, dict[str, str]] | None = None,
        retry: bool = False,
        replace: bool = False,
        show_env: bool = False,
        keep: int = 3,
        history: int = 10,
        source: str | None = None,
        who: str | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def stack_apply(
        self,
        stack: dict[str, Any],
        *,
        contents: dict[str, bytes] | None = None,
        hash_key: bytes | None = None,
        prune: bool = True,
        rollback: bool = True,
        wait: bool = True,
        hash_names: bool = True,
        resolve_image: str = "changed",
        registry_auth: dict[str, dict[str, str]] | None = None,
        retry: bool = False,
        replace: bool = False,
        show_env: bool = False,
        keep: int = 3,
        history: int = 10,
        source: str | None = None,
        who: str | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def stack_rollback(
        self,
        name: str,
        *,
        to: int | None = None,
        plan: bool = False,
        prune: bool = True,
        rollback: bool = True,
        wait: bool = True,
        registry_auth: dict[str, dict[str, str]] | None = None,
        retry: bool = False,
        replace: bool = False,
        show_env: bool = False,
        keep: int = 3,
        history: int = 10,
        source: str | None = None,
        who: str | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def stack_remove(
        self, name: str, *, dry_run: bool = False, timeout: float | None = None
    ) -> dict[str, Any]: ...
    def stack_list(self, *, timeout: float | None = None) -> list[dict[str, Any]]: ...
    def stack_status(
        self,
        name: str,
        *,
        stack: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def stack_history(self, name: str, *, timeout: float | None = None) -> list[dict[str, Any]]: ...
    def image_resolve(
        self,
        image: str,
        *,
        registry_auth: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def image_pull(
        self,
        image: str,
        *,
        registry_auth: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def registry_login(
        self,
        registry: str,
        registry_auth: dict[str, str],
        version: str,
        *,
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> dict[str, list[str]]: ...
    def network_apply(
        self,
        name: str,
        network: dict[str, Any],
        *,
        replace: bool = False,
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def network_remove(
        self, name: str, *, dry_run: bool = False, timeout: float | None = None
    ) -> dict[str, str]: ...
    def network_usage(self, *, timeout: float | None = None) -> list[dict[str, Any]]: ...
    def service_scale(
        self, service: str, count: int, *, timeout: float | None = None
    ) -> dict[str, Any]: ...
    def service_remove(self, service: str, *, timeout: float | None = None) -> None: ...
    def service_rollback(self, service: str, *, timeout: float | None = None) -> None: ...
    def service_wait(self, service: str, *, timeout: float | None = None) -> dict[str, Any]: ...
    def service_settle(
        self, service: str, *, unchanged: bool = False, timeout: float | None = None
    ) -> dict[str, Any]: ...
    def task_why(self, ref: str, *, timeout: float | None = None) -> list[dict[str, Any]]: ...
    def what_if(
        self,
        nodes: list[str] | tuple[str, ...] | None = None,
        *,
        drain: bool = False,
        each: bool = False,
        timeout: float | None = None,
    ) -> list[dict[str, Any]]: ...
    def lock_take(
        self,
        run: str,
        what: str,
        holder: str,
        *,
        ttl: int | None = None,
        wait: int | None = None,
        timeout: float | None = None,
    ) -> dict[str, Any]: ...
    def lock_renew(self, run: str, *, timeout: float | None = None) -> dict[str, Any]: ...
    def lock_release(self, run: str, *, timeout: float | None = None) -> bool: ...
    def lock_get(self, *, timeout: float | None = None) -> dict[str, Any] | None: ...
    def health(
        self,
        *,
        checks: list[str] | tuple[str, ...] | None = None,
        ignore: list[str] | tuple[str, ...] | None = None,
        baseline: list[dict[str, Any]] | None = None,
        margin: int | None = None,
        timeout: float | None = None,
    ) -> list[dict[str, Any]]: ...
    def health_wait(
        self,
        *,
        checks: list[str] | tuple[str, ...] | None = None,
        ignore: list[str] | tuple[str, ...] | None = None,
        baseline: list[dict[str, Any]] | None = None,
        margin: int | None = None,
        timeout: float | None = None,
        stable: float | None = None,
    ) -> list[dict[str, Any]]: ...
    def events(
        self,
        *,
        filters: _Filters | None = None,
        others: list[Client] | tuple[Client, ...] | None = None,
        timeout: float | None = None,
    ) -> Events: ...
    def logs(
        self,
        kind: str,
        ref: str,
        *,
        query: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Logs: ...
    def close(self) -> None: ...

def health_checks() -> list[dict[str, str]]:
    """The checks of :meth:`Client.health`, and those that only hosts can tell."""

def redact(text: str) -> str:
    """The text with join tokens, unlock keys and private keys blanked."""

def token_parse(token: str) -> dict[str, Any]:
    """``{"digest": str, "fips": bool}`` of a join token; raises :class:`BadToken`."""

def probe(address: str, *, timeout: float | None = None) -> None:
    """Return if ``host[:port]`` accepts TCP connections; raise an :class:`Error` if not."""

def compose_check(
    documents: list[dict[str, Any]],
    name: str | None = None,
    *,
    env: dict[str, str] | None = None,
    names: list[str] | None = None,
    base_dir: str | None = None,
    home: str | None = None,
    content: Callable[[str], bytes] | None = None,
) -> list[str]:
    """What is wrong with compose documents, a line each."""

def compose_convert(
    documents: list[dict[str, Any]],
    name: str | None = None,
    *,
    env: dict[str, str] | None = None,
    names: list[str] | None = None,
    base_dir: str | None = None,
    home: str | None = None,
    content: Callable[[str], bytes] | None = None,
) -> dict[str, Any]:
    """Make the objects of a stack of compose documents: ``{"stack": dict, "warnings": [str]}``.

    ``content`` gives the bytes of a file that a document names; an exception that it raises is one of
    the mistakes in the document.
    """

def spec_check(
    service: dict[str, Any],
    *,
    name: str | None = None,
    ids: dict[str, dict[str, str]] | None = None,
    network: bool = False,
) -> list[str]:
    """What is wrong with a service, or with a network, in compose's words and with its name; a line each."""

def spec_merge(
    spec: dict[str, Any] | None,
    service: dict[str, Any],
    *,
    name: str | None = None,
    ids: dict[str, dict[str, str]] | None = None,
    strict: bool = False,
    show_env: bool = False,
) -> dict[str, Any]:
    """Merge a service in compose's words into the engine's spec, or into None for a new one."""

def spec_words(
    spec: dict[str, Any],
    *,
    ids: dict[str, dict[str, str]] | None = None,
    show_env: bool = False,
) -> dict[str, Any]:
    """An engine's spec in compose's words."""
