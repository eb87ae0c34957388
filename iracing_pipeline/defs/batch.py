"""Work through the partitions of a run so that one bad item fails alone.

Dagster marks the partitions of a range run all or nothing. So when an item fails, the good ones
are recorded one by one, and only then the step fails, with the reasons in its metadata.
"""

from collections.abc import Iterator, Mapping

import dagster as dg

Metadata = Mapping[str, dg.MetadataValue | str | int | float]


class Batch:
    """The outcome of each partition of a run."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        """Begin with nothing done."""
        self._context = context
        self._good: dict[str, dict[dg.AssetKey, Metadata]] = {}
        self._bad: dict[str, str] = {}

    def done(self, partition: str, metadata: Mapping[dg.AssetKey, Metadata]) -> None:
        """Record that a partition is done, with the metadata of each asset."""
        self._good[partition] = dict(metadata)

    def failed(self, partition: str, message: str) -> None:
        """Record why a partition failed."""
        self._context.log.error(message)
        self._bad[partition] = message

    def results(self, assets: list[dg.AssetKey]) -> Iterator[dg.MaterializeResult[None]]:
        """Report to Dagster; ``assets`` in the order of the lineage.

        Raises:
            dagster.Failure: If a partition failed; the others are recorded all the same.
        """
        if not self._bad:
            for asset in assets:
                for partition, metadata in self._good.items():
                    self._context.add_asset_metadata(
                        metadata[asset], asset_key=asset, partition_key=partition
                    )
                yield dg.MaterializeResult(asset_key=asset)
            return
        for asset in assets:
            for partition, metadata in self._good.items():
                self._context.log_event(
                    dg.AssetMaterialization(asset, partition=partition, metadata=metadata[asset])
                )
        raise dg.Failure(
            f"{len(self._bad)} of {len(self._bad) + len(self._good)} files could not be loaded:"
            f" see ops.quarantine. {next(iter(self._bad.values()))}",
            metadata={"failed": dg.MetadataValue.json(self._bad)},
            allow_retries=False,
        )
