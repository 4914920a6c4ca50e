"""Figures as tables for the terminal."""

from __future__ import annotations

from rich.table import Table

from emotion_train.evaluation.classification import ClassificationFigures


def figures_table(title: str, figures: ClassificationFigures) -> Table:
    """Return the figures per class with those of the whole in the last row."""
    table = Table(title=title)
    table.add_column("class")
    for heading in ("precision", "recall", "F1", "n"):
        table.add_column(heading, justify="right")
    for name, row in figures.per_class.items():
        table.add_row(
            name, f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}", str(row.support)
        )
    table.caption = (
        f"accuracy {figures.accuracy:.4f}, macro F1 {figures.macro_f1:.4f}, "
        f"ECE {figures.ece:.4f}, n {figures.n}"
    )
    return table
