"""Checks the machine before anything is installed: the Python version and the system libraries wheels do not carry.

Standard library only, and any Python 3 can run it: it is what tells a user that theirs is too old.
"""

import ctypes
import platform
import shutil
import sys

OLDEST, NEWEST = (3, 11), (3, 13)

# What opencv-python links to, by the Debian and Ubuntu package that brings it.
LIBRARIES = {"libGL.so.1": "libgl1", "libglib-2.0.so.0": "libglib2.0-0", "libgthread-2.0.so.0": "libglib2.0-0"}


def missing_packages(browser=False):
    """Names of the Debian packages that this machine lacks; with `browser`, also what the browser tests need."""
    packages = []
    if sys.platform == "linux":
        for library, package in LIBRARIES.items():
            try:
                ctypes.CDLL(library)
            except OSError:
                packages.append(package)
    if browser and not (shutil.which("chromium") or shutil.which("chromium-browser")):
        packages.append("chromium")
    return sorted(set(packages))


def problems():
    """Sentences that say what is wrong and what to do about it."""
    found = []
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found.append(
            "Recast runs on Python %d.%d to %d.%d and this is %s. Name another one: make PYTHON=python3.11"
            % (OLDEST + NEWEST + (platform.python_version(),))
        )
    if sys.platform == "linux" and platform.machine() not in ("x86_64", "AMD64"):
        found.append("Recast's wheels are made for x86-64 and this machine is %s." % platform.machine())
    packages = missing_packages()
    if packages:
        found.append("System libraries are missing. Install them: sudo apt-get install " + " ".join(packages))
    return found


if __name__ == "__main__":
    if "--packages" in sys.argv:
        sys.stdout.write(" ".join(missing_packages(browser=True)) + "\n")
        sys.exit(0)
    for sentence in problems():
        sys.stderr.write(sentence + "\n")
    sys.exit(1 if problems() else 0)
