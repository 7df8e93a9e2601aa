"""The words of the page, in both languages."""

from __future__ import annotations

from shoko.declaration.model import Text
from shoko.topology.words import Language, say

WORDS = {
    "title": Text("通信の許可一覧", "Permitted traffic"),
    "corner": Text("送信元 ↓　宛先 →", "from ↓  to →"),
    "lead": Text(
        "行のゾーンから列のゾーンへ開始できる通信。「・」はすべて拒否。応答は接続追跡で戻る。",
        "What a row's zone may open to a column's. “・” means: everything is denied. Answers return by state.",
    ),
    "none": Text("すべて拒否", "everything denied"),
    "from": Text("送信元", "from"),
    "to": Text("宛先", "to"),
    "services": Text("サービス", "services"),
    "why": Text("根拠", "reason"),
    "owner": Text("所管", "owner"),
    "window": Text("時間枠", "window"),
    "layers": Text("これ以外を拒否する層", "Layers that deny the rest"),
    "vlan": Text("VLANの分離", "separate VLANs"),
    "gateway": Text("ゲートウェイ（fw）の転送規則", "the gateways' forward rules"),
    "sender": Text("送信側機器の出力規則", "the sender's own output rules"),
    "receiver": Text("受信側機器の入力規則", "the receiver's own input rules"),
    "differs": Text("実際と異なる", "differs from reality"),
    "unproved": Text("未証明", "Unproved"),
    "elsewhere": Text("ゾーン間に表せない差異", "Differences that no pair of zones shows"),
    "no_proof": Text(
        "証明の結果は添えられていない（宣言だけを示す）。",
        "No proof was given: this page shows the declaration alone.",
    ),
    "stale": Text(
        "添えられた証明は別の宣言のもの。この表の正しさを示さない。",
        "The proof is of another declaration and says nothing about this page.",
    ),
    "proven": Text("証明済み", "Proven"),
    "counterexample": Text("反例あり", "Counterexample found"),
    "hosts_proven": Text("台が宣言と一致", "hosts enforce exactly the declaration"),
    "digest": Text("宣言の識別子", "Digest of the declaration"),
    "close": Text("閉じる", "Close"),
}


def word(key: str, language: Language) -> str:
    """A word of the page; KeyError if there is none."""
    return say(WORDS[key], language)
