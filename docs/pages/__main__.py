"""``python -m docs.pages``: writes what is out of date."""

from __future__ import annotations

from docs.pages import demos, reference


def main() -> None:
    """Writes each page whose text is no longer the code's."""
    for path, text in [*reference.pages(), *demos.pages()]:
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(path)


if __name__ == "__main__":
    main()
