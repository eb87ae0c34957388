"""Hand the passwords of the database's roles to `iracing-pipeline migrate`, as the files it reads.

The secret store gives them to this container alone, as one value; the others know one role each.
"""

import json
import os
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
for role, password in json.loads(os.environ["ROLE_PASSWORDS"]).items():
    (folder / f"{role}_password").write_text(password, encoding="utf-8")
os.environ["IRACING_ROLE_PASSWORDS"] = str(folder)
os.execvp("iracing-pipeline", ["iracing-pipeline", "migrate"])
