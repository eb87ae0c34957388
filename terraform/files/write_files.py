"""Write the files that the containers of a task share, and open scratch folders to them.

It runs once, before the others, because they run without root on a read-only disk.
"""

import json
import os
from pathlib import Path

folder = Path(os.environ["FILES_TO"])
for name, text in json.loads(os.environ["FILES"]).items():
    (folder / name).write_text(text, encoding="utf-8", newline="\n")
if token := os.environ.get("CLOUD_TOKEN"):
    (folder / "cloud_token").write_text(token, encoding="utf-8")
for scratch in filter(None, os.environ.get("SCRATCH", "").split(",")):
    Path(scratch).chmod(0o1777)
