"""The words of the page, in both languages."""

from __future__ import annotations

from shoko.declaration.model import Text
from shoko.topology.words import Language, say

WORDS = {
    "title": Text("通信の許可一覧", "Permitted traffic"),
    "corner_to": Text("宛先 →", "to →"),
    "corner_from": Text("送信元 ↓", "from ↓"),
    "lead": Text(
        "行のゾーンから列のゾーンへ開始できる通信。「・」はすべて拒否。応答は接続追跡で戻る。",
        "What a row's zone may open to a column's. “・” means: everything is denied. Answers return by state.",
    ),
    "none": Text("すべて拒否", "everything denied"),
    "from": Text("送信元", "from"),
    "to": Text("宛先", "to"),
    "services": Text("サービス", "services"),
    "why": Text("根拠", "reason"),
    "via": Text("プロキシの行き先", "by proxy to"),
    "expires": Text("期限", "expires"),
    "rules": Text("機器の規則", "Rules on the hosts"),
    "permitted": Text("許可するサービス", "services permitted"),
    "in_window": Text("許可した時間だけ通る", "within its time frame only"),
    "unmarked": Text("印のないセルは解析で証明済み", "cells without a mark are proven by analysis"),
    "last_proof": Text("直近の証明", "Last proof"),
    "hosts_looked_at": Text("台を調べた", "hosts of this cell looked at"),
    "same_zone": Text("同じゾーンの中", "inside one zone"),
    "kind_passes": Text("宣言にない通信が通る", "passes, and no flow permits it"),
    "kind_blocked": Text("許可した通信が通らない", "is permitted, and does not pass"),
    "kind_mark": Text("別の通信の印が付く", "passes with another mark than its flow's"),
    "kind_rewritten": Text("宣言と異なる送信元から出る", "does not leave from the declared source"),
    "kind_default": Text("既定で通ってしまう", "would pass by default"),
    "kind_forwards": Text("転送が規則だけで止められている", "is held back by the ruleset alone"),
    "kind_translated": Text("アドレス変換が宣言と異なる", "differs from the declared translation"),
    "no_layers": Text("当館の機器は間に立たない。", "Nothing of ours stands between them."),
    "more": Text("件（画面で見られる）", "more, to be seen on the screen"),
    "frame": Text("パケット", "packet"),
    "owner": Text("所管", "owner"),
    "window": Text("時間枠", "window"),
    "layers": Text("これ以外を拒否する層", "Layers that deny the rest"),
    "vlan": Text("VLANの分離", "separate VLANs"),
    "gateway": Text("ゲートウェイ（fw）の転送規則", "the gateways' forward rules"),
    "sender": Text("送信側機器の出力規則", "the sender's own output rules"),
    "receiver": Text("受信側機器の入力規則", "the receiver's own input rules"),
    "route": Text("送信側機器の経路", "the sender's routes"),
    "proxy": Text("プロキシの許可先", "the proxy's allowlist"),
    "layer": Text("層", "layer"),
    "claimed": Text("構成上", "by construction"),
    "stands": Text("あり", "stands"),
    "found": Text("動いている規則から", "found in what runs"),
    "removed": Text("この層を外しても拒否（試行）", "still denied without it (attempts)"),
    "alone": Text("この層だけで拒否", "denied by it alone"),
    "denies_all": Text("すべて拒否", "denies all"),
    "denies_part": Text("一部を拒否", "denies part"),
    "denies_none": Text("拒否しない", "denies nothing"),
    "partly": Text(
        "「一部」: 宣言にない端末には当館の規則がなく、その分はほかの層が拒否する。",
        "“part”: devices that nobody declared have no rules of ours; there the other layers deny.",
    ),
    "rendered": Text(
        "動いている規則ではなく、これから書き込む規則の証明。",
        "Of the rules that would be written, not of those that run.",
    ),
    "packets": Text("実際のパケット", "Packets"),
    "sent": Text("送信", "sent"),
    "passed": Text("通過", "passed"),
    "unaccounted": Text("行方不明", "unaccounted for"),
    "kind_unequal": Text("二台のゲートウェイで扱いが異なる", "the gateways treat it differently"),
    "kind_model": Text("規則の解析と異なる動き", "did otherwise than the analysis says"),
    "kind_leak": Text("VLANを越えて届いた", "arrived where its VLAN does not reach"),
    "differs": Text("実際と異なる", "differs from reality"),
    "unproved": Text("未証明", "Unproved"),
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
