"""Work through the partitions of a run so that one bad item fails alone.

Dagster marks the partitions of a range run all or nothing. So each partition is recorded when it
is done, which also shows progress and survives a run that is killed; a step that fails then fails
for those only that are not recorded.
"""

from collections.abc import Mapping

import dagster as dg

Metadata = Mapping[str, dg.MetadataValue | str | int | float]


class Batch:
    """The partitions of a run, recorded one by one.

    For multi-assets whose outputs need not be yielded (``can_subset=True``).
    """

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        """Begin with nothing done."""
        self._context = context
        self._done = 0
        self._failed: dict[str, str] = {}

    def done(
        self, partition: str, assets: Mapping[dg.AssetKey, Metadata], *, data_version: str
    ) -> None:
        """Record that a partition of some assets is materialized.

        Args:
            partition: The partition.
            assets: The assets, with the metadata of each.
            data_version: What the content depends on; another one makes what is downstream stale.
        """
        versions = self._context.assets_def.code_versions_by_key
        for asset, metadata in assets.items():
            # What Dagster itself notes of a materialization that a step returns.
            tags = {"dagster/data_version": data_version}
            if code_version := versions.get(asset):
                tags["dagster/code_version"] = code_version
            self._context.log_event(
                dg.AssetMaterialization(asset, partition=partition, metadata=metadata, tags=tags)
            )
        self._done += 1

    def failed(self, partition: str, message: str) -> None:
        """Record why a partition failed."""
        self._context.log.error(message)
        self._failed[partition] = message

    def finish(self) -> None:
        """End the step.

        Raises:
            dagster.Failure: If a partition failed; it is not tried again.
        """
        if not self._failed:
            return
        raise dg.Failure(
            f"{len(self._failed)} of {len(self._failed) + self._done} files could not be loaded:"
            f" see ops.quarantine. {next(iter(self._failed.values()))}",
            metadata={"failed": dg.MetadataValue.json(self._failed)},
            allow_retries=False,
        )
