"""Everything that this project uses of Dagster's private modules, each with its reason.

Other modules import these names from here. ``iracing_pipeline_tests/test_dagster_private.py`` fails
when a release of Dagster changes what the project relies on.
"""

from importlib import import_module
from typing import Any

# Dagster raises it in a step when the run is canceled. It derives from BaseException, and retries
# must let it pass; ``dagster`` exports no name for it.
# Raised by the gRPC client below when a code server does not answer.
from dagster._core.errors import DagsterExecutionInterruptedError, DagsterUserCodeUnreachableError

# A step failure names its source: the only way to recognise Ctrl+C during ``execute_in_process``.
from dagster._core.execution.plan.objects import ErrorSource

# Statuses of sensor ticks, which ``DagsterInstance.get_ticks`` takes and returns.
from dagster._core.scheduler.instigation import TickStatus

# The statuses of a check that has been evaluated; storage is queried by them.
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
)

# The run tag that holds the address of the code server that launched the run.
from dagster._core.storage.tags import GRPC_INFO_TAG

# The type of ``DagsterInstance.get_daemon_heartbeats``.
from dagster._daemon.types import DaemonHeartbeat

# Asks a code server whether it still has a run; there is no public client.
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult

# The argument by which Dagster makes a storage from ``dagster.yaml``.
from dagster._serdes import ConfigurableClassData

__all__ = [
    "COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES",
    "GRPC_INFO_TAG",
    "CanCancelExecutionRequest",
    "CanCancelExecutionResult",
    "ConfigurableClassData",
    "DaemonHeartbeat",
    "DagsterExecutionInterruptedError",
    "DagsterGrpcClient",
    "DagsterUserCodeUnreachableError",
    "ErrorSource",
    "TickStatus",
    "dev_command",
    "dev_module",
]


def dev_module() -> Any:
    """The module of ``dagster dev``; its ``open_ipc_subprocess`` starts every child.

    It is replaced to give the children fewer variables and the guarded webserver: Dagster has no
    setting for either.
    """
    return import_module("dagster._cli.dev")


def dev_command() -> Any:
    """The ``dagster`` command line as a function of ``sys.argv``."""
    return import_module("dagster._cli").main
