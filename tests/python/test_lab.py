# SPDX-License-Identifier: Apache-2.0
"""The lab's own parts that need no host."""

import importlib.util
import sys

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests/lab"))
SPEC = importlib.util.spec_from_file_location("lab_image", ROOT / "tests/lab/image.py")
IMAGE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(IMAGE)


def test_the_repository_is_not_mounted_in_what_is_emptied(tmp_path, monkeypatch):
    """A lab may be below /tmp, which the layer with the engine leaves empty."""
    seen = []
    monkeypatch.setattr(IMAGE, "chroot", lambda *given: seen.append(given))
    image = IMAGE.Image(type("Lab", (), {"cache": tmp_path}), "trixie", "none")
    IMAGE.install_engine(image, tmp_path / "engine", tmp_path / "log")
    ((_, script, _, _, binds),) = seen
    (place,) = [place for place, folder in binds.items() if folder == image.repo]
    (emptied,) = [line.split()[2:] for line in script.splitlines() if "rm -rf" in line]
    assert emptied == ["/var/lib/apt/lists/*", "/tmp/*"]
    assert not any(place.startswith(one.rstrip("*")) for one in emptied)
    assert f"file:{place} trixie" in script


def test_an_image_that_hosts_run_on_is_not_removed(tmp_path, monkeypatch):
    """Of a lab that shares the cache; what nobody uses of an older recipe goes."""
    lab = type("Lab", (), {"cache": tmp_path})
    image = IMAGE.Image(lab, "trixie", "3008.3")
    mounts = tmp_path / "mounts"
    mounts.write_text(f"overlay /x overlay lowerdir={tmp_path}/image/trixie-used/root 0 0\n")
    for name in (image.name, "trixie-used", "trixie-old", "bookworm-old"):
        (tmp_path / "image" / name).mkdir(parents=True)
    monkeypatch.setattr(IMAGE, "MOUNTS", mounts)
    image.drop_older()
    left = {path.name for path in (tmp_path / "image").iterdir()}
    assert left == {image.name, "trixie-used", "bookworm-old"}
