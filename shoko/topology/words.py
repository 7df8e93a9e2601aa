"""The words of tables and diagram, in both languages."""

from __future__ import annotations

from typing import Literal

from shoko.declaration.model import Text

Language = Literal["ja", "en"]

# What the groups of the schema are called.
GROUPS = {
    "control": Text("管理ノード", "Control node"),
    "switches": Text("スイッチ", "Switch"),
    "gateways": Text("ゲートウェイ", "Gateway"),
    "reverse_proxies": Text("リバースプロキシ", "Reverse proxy"),
    "ils_servers": Text("図書館システム", "Library system"),
    "databases": Text("データベース", "Database"),
    "etcd": Text("合意形成", "Quorum"),
    "forward_proxies": Text("プロキシ", "Proxy"),
    "bastions": Text("踏み台", "Bastion"),
    "log_collectors": Text("ログ収集", "Log collector"),
    "monitors": Text("監視", "Monitoring"),
    "backups": Text("バックアップ", "Backup"),
    "business_terminals": Text("業務端末", "Business terminal"),
    "information_terminals": Text("情報端末", "Information terminal"),
    "opac_terminals": Text("館内OPAC端末", "In-library OPAC"),
}

WORDS = {
    "addresses": Text("アドレス", "addresses"),
    "all": Text("全機器", "every host"),
    "apart_line": Text("独立した回線。ゲートウェイにつながらない", "A line of its own, at no gateway"),
    "by_command": Text("許可時のみ", "when opened"),
    "control": Text("根拠", "control"),
    "diagram": Text("ネットワーク構成図", "Network diagram"),
    "description": Text(
        "ゾーンごとの区画、機器、ゲートウェイ、許可する通信。これ以外の通信はすべて拒否する。",
        "Zones with their segments and hosts, the gateways, and the permitted flows. All else is denied.",
    ),
    "digest": Text("この図は宣言から作成した。宣言の識別子", "Made from the declaration with the digest"),
    "expires": Text("期限", "expires"),
    "families": Text("アドレス種別", "families"),
    "flow": Text("通信", "flow"),
    "folded": Text("全機器に共通の通信", "Flows that every host needs"),
    "from": Text("送信元", "from"),
    "gateways": Text("冗長ゲートウェイ", "Redundant gateways"),
    "gateway_end": Text("ゲートウェイ", "gateways"),
    "groups": Text("役割", "groups"),
    "host": Text("機器", "host"),
    "hosts": Text("機器", "Hosts"),
    "differs": Text("実際と異なる", "differs in reality"),
    "leg": Text("接続", "leg"),
    "legend_arrow": Text(
        "番号の側から接続を開始し、応答だけが戻る", "The numbered end opens the connection; only answers return"
    ),
    "legend_leg": Text(
        "破線の機器: 他のゾーンで管理する機器の、もう一つの接続", "Dashed: second leg of a host managed elsewhere"
    ),
    "legend_open": Text("端末群: 登録外の同種端末を含む", "Terminals: undeclared ones of the kind may stand here"),
    "legend_vip": Text("共有: 機器間で引き継ぐ共有アドレス", "Shared: an address that moves between hosts"),
    "library": Text("館", "library"),
    "line": Text("回線", "line"),
    "manage": Text("管理", "manage"),
    "name": Text("名", "name"),
    "names": Text("名称", "names"),
    "number": Text("番号", "no."),
    "only_hosts": Text("機器のみ", "hosts only"),
    "owner": Text("所管", "owner"),
    "permitted": Text("許可する通信（これ以外はすべて拒否）", "Permitted flows (all else is denied)"),
    "ports": Text("ポート", "ports"),
    "proof": Text("実機の証明", "Proof on the running hosts"),
    "proof_rendered": Text("これから書き込む規則の証明", "Proof of the rules that would be written"),
    "proven": Text("証明済み", "proven"),
    "segment": Text("区画", "segment"),
    "servers": Text("サーバ", "Servers"),
    "services": Text("サービス", "services"),
    "shared": Text("共有", "Shared"),
    "sync": Text("セッション同期", "session sync"),
    "stale": Text("証明は別の宣言のもの", "the proof is of another declaration"),
    "switch": Text("スイッチ（VLANで分離、機器ごとに1ポート）", "Switch (separate VLANs, one port per leg)"),
    "terminals": Text("端末群", "Terminals"),
    "title": Text("名称", "title"),
    "to": Text("宛先", "to"),
    "tunnel": Text("VPN", "VPN"),
    "undeclared": Text("宣言にない通信が通る", "passes, and no flow permits it"),
    "unproved": Text("未証明", "unproved"),
    "via": Text("プロキシ経由", "via proxy"),
    "vips": Text("共有アドレス", "Shared addresses"),
    "why": Text("根拠", "why"),
    "window": Text("時間枠", "window"),
    "zone": Text("ゾーン", "zone"),
    "zones": Text("ゾーン", "Zones"),
    "zone_pairs": Text("ゾーン間", "zones"),
}


def say(text: Text, language: Language) -> str:
    """A text in one language."""
    return text.ja if language == "ja" else text.en


def word(key: str, language: Language) -> str:
    """A word of the product; KeyError if there is none."""
    return say(WORDS[key], language)


def group(name: str, language: Language) -> str:
    """What a group is called; its own name where the product has no word for it."""
    return say(GROUPS[name], language) if name in GROUPS else name
