"""Fitted linear and logistic regressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alpine.sandbox.engine.classes import Classes
from alpine.sandbox.engine.database import Cursor, DatabaseTable
from alpine.sandbox.engine.fits import LinearFit
from alpine.sandbox.engine.logistic_fits import LogisticFit
from alpine.sandbox.engine.model_rows import rows_to_score
from alpine.sandbox.engine.models import ClassificationModel, Judged, Model, Scored

if TYPE_CHECKING:
    from alpine.sandbox.engine.designs import Array


@dataclass(frozen=True)
class LinearModel(Model):
    """A fitted linear regression.

    :param name: The operator that fitted it.
    :param target: The column it predicts.
    :param fit: The fit.
    """

    name: str
    target: str
    fit: LinearFit
    short = "LIR"

    def exported(self) -> dict[str, Any]:
        """The target and the coefficients."""
        return _exported(self)

    def scored(self, cursor: Cursor, table: DatabaseTable) -> Scored:
        rows, warnings = self.fit.design.known(rows_to_score(cursor, table, self.fit.design))
        return Scored(rows.places, {f"PRED_{self.short}": self.fit.predict(rows)}, warnings)


@dataclass(frozen=True)
class LogisticModel(ClassificationModel):
    """A fitted logistic regression of two classes.

    :param name: The operator that fitted it.
    :param target: The column it predicts.
    :param fit: The fit.
    :param classes: The two classes, in order.
    :param positive: The class whose probability is fitted.
    """

    name: str
    target: str
    fit: LogisticFit
    classes: Classes
    positive: str
    short = "LOR"

    def exported(self) -> dict[str, Any]:
        """The target and the coefficients."""
        return _exported(self)

    def judge(self, cursor: Cursor, table: DatabaseTable, label: str | None = None) -> Judged:
        import numpy as np

        rows, warnings = self.fit.design.known(rows_to_score(cursor, table, self.fit.design, label))
        chance = self.fit.predict(rows)
        both = [chance if name == self.positive else 1 - chance for name in self.classes.names]
        return Judged(rows.places, rows.labels, np.column_stack(both), rows.left_out, warnings)

    def predicted(self, judged: Judged) -> Array:
        """The likelier class of each row, the positive one where both are equally likely."""
        import numpy as np

        place = self.classes.names.index(self.positive)
        names: Array = np.array([self.classes.names[1 - place], self.positive], dtype=object)
        likelier: Array = names[(judged.probabilities[:, place] >= 0.5).astype(np.intp)]
        return likelier


def _exported(model: LinearModel | LogisticModel) -> dict[str, Any]:
    values = model.fit.coefficients.values.tolist()
    return {"target": model.target, "coefficients": dict(zip(model.fit.design.names, values, strict=True))}
