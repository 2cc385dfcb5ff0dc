"""``python -m docs.screenshots [FOLDER]``: writes every picture anew, the page's where there is Chromium."""

from __future__ import annotations

import sys
from pathlib import Path

from docs.screenshots.cells import rows_of
from docs.screenshots.scenes import COLS, SCENES, take
from docs.screenshots.svg import PALETTES, picture
from tests.web.browser import missing


def main(folder: Path) -> None:
    """Takes the scenes and writes one picture of each for each palette."""
    folder.mkdir(parents=True, exist_ok=True)
    for scene in SCENES:
        rows = rows_of(take(scene), scene.rows, COLS)
        for palette in PALETTES:
            path = folder / f"{scene.name}-{palette.name}.svg"
            path.write_text(picture(rows, palette, title=scene.name.replace("_", " ")), "utf-8")
            print(path)
    if why := missing():
        print(f"The pictures of the page stay as they are: {why}")
        return
    from docs.screenshots.pages import pictures

    for name, data in pictures():
        path = folder / name
        path.write_bytes(data)
        print(path)


if __name__ == "__main__":
    default = Path(__file__).resolve().parents[1] / "images"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
