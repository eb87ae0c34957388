"""One partition a session, named by its content: a copied or renamed file is the same one."""

from collections.abc import Iterable, Sequence
from itertools import groupby

import dagster as dg

ibt_files = dg.DynamicPartitionsDefinition(name="ibt_files")

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

BATCH = 50
"""Files a run: a run costs seconds before it works, a file a fraction of one."""


def ranges(keys: Iterable[str], order: Sequence[str], *, most: int = BATCH) -> list[dict[str, str]]:
    """Run tags that cover exactly ``keys``, each a range of neighbours in the order of creation.

    Args:
        keys: The partitions to run.
        order: All partitions, in the order in which they were added.
        most: Partitions a run.
    """
    index_of = {key: index for index, key in enumerate(order)}
    wanted = sorted(index_of[key] for key in set(keys))
    tags = []
    for _, neighbours in groupby(enumerate(wanted), key=lambda pair: pair[1] - pair[0]):
        run = [index for _, index in neighbours]
        for first in range(0, len(run), most):
            part = run[first : first + most]
            tags.append({RANGE_START: order[part[0]], RANGE_END: order[part[-1]]})
    return tags
