"""Clients that are not ours, on a served demo store: GDAL, OWSLib, schemathesis and QGIS."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

import gdal
import owslib_client
from store import Store

HERE = pathlib.Path(__file__).parent
# Of each policy and each class one; the others differ in nothing but their fields.
OF_STRANGER = "address|parcel"
OF_EDITOR = "valve|inspection|parcel"
# The python that QGIS's own modules are installed for.
SYSTEM_PYTHON = "/usr/bin/python3"


def schemathesis(store, token, datasets):
    """Every check that it has by default, on the description as it is given to this asker."""
    signed = ["-H", f"Authorization: Bearer {token}"] if token else []
    done = subprocess.run(
        [pathlib.Path(sys.executable).parent / "schemathesis", "--config-file", HERE / "schemathesis.toml", "run",
         f"{store.url}/api", *signed, "--include-path-regex", f"^/(api|conformance|collections)?(/({datasets})(/.*)?)?$",
         "--max-examples", "8", "--seed", "1885",
         "--continue-on-failure", "--workers", "2"],
        capture_output=True, text=True, cwd=store.folder, env={**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")},
    )
    assert done.returncode == 0, done.stdout[:20_000] + done.stderr[-4_000:]
    print("\n".join(done.stdout.strip().split("\n")[-12:]))


def qgis(store):
    """QGIS's own provider, without a window."""
    found = subprocess.run([SYSTEM_PYTHON, "-c", "import qgis.core"], capture_output=True)
    assert found.returncode == 0, "QGIS is not installed; `make setup-test` does (Debian: python3-qgis, qgis-providers)"
    done = subprocess.run([SYSTEM_PYTHON, HERE / "qgis_headless.py", store.url, store.token, store.folder],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout.strip())


def main():
    n_failed = 0
    with tempfile.TemporaryDirectory() as folder, Store(folder) as store:
        def with_name(name, test):
            test.__name__ = name
            return test

        tests = [*gdal.tests(store), *owslib_client.tests(store),
                 with_name("schemathesis_finds_nothing_as_a_stranger", lambda: schemathesis(store, None, OF_STRANGER)),
                 with_name("schemathesis_finds_nothing_as_an_editor", lambda: schemathesis(store, store.token, OF_EDITOR)),
                 with_name("qgis_reads_with_its_own_provider", lambda: qgis(store))]
        wanted = sys.argv[1:]
        tests = [it for it in tests if not wanted or any(word in it.__name__ for word in wanted)]
        for test in tests:
            began = time.monotonic()
            try:
                test()
                outcome = "ok"
            except AssertionError as error:
                n_failed += 1
                outcome = f"FAILED\n{error}"
            print(f"ogc: {test.__name__} ({time.monotonic() - began:.1f} s): {outcome}", flush=True)
    print(f"{len(tests) - n_failed} passed, {n_failed} failed")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
