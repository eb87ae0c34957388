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

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        *,
        wrong: str = "files could not be loaded: see ops.quarantine",
    ) -> None:
        """Begin with nothing done.

        Args:
            context: The step's.
            wrong: What is said of those that failed, and where more is said.
        """
        self._context = context
        self._wrong = wrong
        self._specs = context.assets_def.specs_by_key
        self._done = 0
        self._failed: dict[str, str] = {}

    def done(
        self,
        partition: str,
        assets: Mapping[dg.AssetKey, Metadata],
        *,
        version: str,
        inputs: str = "INITIAL",  # what a source that nobody observes has in Dagster
    ) -> None:
        """Record that a partition of some assets is materialized.

        Args:
            partition: The partition.
            assets: The assets, each with its metadata.
            version: Version of the data that all of them were made from.
            inputs: Version of the assets of other steps that they depend on.
        """
        for asset, metadata in assets.items():
            tags = self._versions(asset, version, inputs)
            self._context.log_event(
                dg.AssetMaterialization(asset, partition=partition, metadata=metadata, tags=tags)
            )
        self._done += 1

    def _versions(self, asset: dg.AssetKey, version: str, inputs: str) -> dict[str, str]:
        """Data versions that Dagster would add to an output, by which it detects outdated ones."""
        spec = self._specs[asset]
        tags = {
            "dagster/data_version": version,
            "dagster/data_version_is_user_provided": "true",
            "dagster/code_version": spec.code_version or self._context.run.run_id,
        }
        for dep in spec.deps:
            ours = dep.asset_key in self._specs
            name = dep.asset_key.to_user_string()
            tags[f"dagster/input_data_version/{name}"] = version if ours else inputs
            # Versions are compared, not events; but without this one a dependency counts as new.
            tags[f"dagster/input_event_pointer/{name}"] = "NULL"
        return tags

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
            f"{len(self._failed)} of {len(self._failed) + self._done} {self._wrong}."
            f" {next(iter(self._failed.values()))}",
            metadata={"failed": dg.MetadataValue.json(self._failed)},
            allow_retries=False,
        )
