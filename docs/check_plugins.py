"""Check the plugins of plugins.toml that are installed, and write what came of it into checked.json.

    python docs/check_plugins.py [PLUGIN...]

Of a plugin that is not installed, or not named, what was found before is kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections import Counter
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "checked.json"


def main(chosen: list[str]) -> None:
    """Check the `chosen` plugins, or all."""
    listed = tomllib.loads((HERE / "plugins.toml").read_text(encoding="utf-8"))
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for name in chosen or listed:
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            print(f"{name} is not installed", file=sys.stderr)
            continue
        done = subprocess.run(
            [sys.executable, "-m", "suite", "check", name, "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        made = json.loads(done.stdout)
        outcomes = Counter(check["outcome"] for check in made["checks"])
        results[name] = {
            "version": version,
            "host": metadata.version("keras-suite"),
            "date": datetime.now(UTC).date().isoformat(),
            **{outcome: outcomes[outcome] for outcome in ("passed", "failed", "skipped")},
        }
        print(name, results[name])
        kept = {known: results[known] for known in listed if known in results}
        RESULTS.write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
