"""Why work is entered later than it was done, and how much later it may be."""

import datetime as dt
from enum import StrEnum

FURTHEST_BACK = dt.timedelta(days=31)


class LateReason(StrEnum):
    """返却ポスト, 回線断, 停電・機器故障, 移動図書館, 入力漏れ."""

    BOOK_DROP = "book-drop"
    LINE_DOWN = "line-down"
    POWER = "power"
    BOOKMOBILE = "bookmobile"
    OMISSION = "omission"
