"""``python -m iracing_pipeline_tests``: run the tests, also where nothing is installed yet."""

import sys

from iracing_pipeline.bootstrap import ROOT, run_installed

if __name__ == "__main__":
    run_installed(
        "iracing_pipeline_tests", "constraints-dev.txt", needs=("dagster", "hypothesis", "pytest")
    )
    import pytest

    # Without arguments everything runs, on all cores.
    everything = ["-n", "auto", "--dist", "loadfile", str(ROOT)]
    sys.exit(pytest.main(["--rootdir", str(ROOT), *(sys.argv[1:] or everything)]))
