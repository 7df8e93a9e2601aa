"""JSON that is nearly what nft prints, and JSON that is nothing of the kind, for hypothesis."""

from hypothesis import strategies as st

# Words that nft has, in places where they belong and where they do not.
WORDS = """
table chain rule set map element elem match op left right payload protocol field ip ip6 tcp udp saddr daddr dport meta
key iifname nfproto ct state mark concat prefix addr len range accept drop jump goto return target vmap data counter log
reject snat mangle value notrack limit limits fib synproxy exthdr socket numgen dynset flow tproxy == != in & | family
inet shoko input forward name hook prio type policy flags expr @own4 lo eth0 10.0.0.1 fe80::1 new
"""
words = st.sampled_from(WORDS.split())
numbers = st.integers(-(1 << 40), 1 << 40) | st.just(1 << 2000)
scalars = st.none() | st.booleans() | numbers | words | st.text(max_size=6)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
values = st.integers(0, 70000) | st.just("10.0.0.1") | st.just("tcp")
payload = st.sampled_from([("ip", "saddr"), ("ip6", "daddr"), ("tcp", "dport"), ("th", "sport"), ("icmp", "type")]).map(
    lambda pair: {"payload": {"protocol": pair[0], "field": pair[1]}}
)
KEYS = [{"meta": {"key": "iifname"}}, {"ct": {"key": "state"}}, {"ct": {"key": "mark"}}]
left = st.recursive(
    payload | st.sampled_from(KEYS) | anything,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda some: {"concat": some})
        | st.tuples(inner, values | anything).map(lambda pair: {"&": list(pair)})
    ),
    max_leaves=4,
)
right = (
    values
    | st.tuples(values, st.integers(-5, 200)).map(lambda pair: {"prefix": {"addr": pair[0], "len": pair[1]}})
    | st.lists(values, max_size=3).map(lambda some: {"range": some})
    | st.lists(values | anything, max_size=3).map(lambda some: {"set": some})
    | anything
)
match = st.builds(
    lambda op, one, other: {"match": {"op": op, "left": one, "right": other}},
    st.sampled_from(["==", "!=", "in", "<", ">=", "~"]), left, right,
)  # fmt: skip
jumps = st.sampled_from(["a", "b", "c", "nowhere"]).flatmap(
    lambda name: st.sampled_from([{"jump": {"target": name}}, {"goto": {"target": name}}])
)
statement = (
    match
    | jumps
    | st.sampled_from([{"accept": None}, {"drop": None}, {"counter": None}, {"notrack": None}, {"return": None}])
    | st.builds(lambda key, value: {"mangle": {"key": key, "value": value}}, left, right)
    | st.builds(lambda key, data: {"vmap": {"key": key, "data": data}}, left, right)
    | st.dictionaries(words, anything, max_size=2)
)
place = {"family": "inet", "table": "t"}
item = (
    st.builds(
        lambda chain, expr: {"rule": {**place, "chain": chain, "handle": 1, "expr": expr}},
        st.sampled_from("abc"), st.lists(statement, max_size=4) | anything,
    )
    | st.builds(
        lambda name, more: {"set": {**place, "name": name, "type": "ifname", "elem": [], **more}},
        st.sampled_from(["own4", "x"]), st.dictionaries(words, anything, max_size=3),
    )
    | st.dictionaries(words, st.dictionaries(words, anything, max_size=5), max_size=2)
    | anything
)  # fmt: skip
CHAINS = [
    {"chain": {**place, "name": name, "hook": hook, "prio": 0, "type": "filter", "policy": "drop"}}
    for name, hook in (("a", "input"), ("b", "forward"))
] + [{"chain": {**place, "name": "c"}}]

# What the prover has no meaning for, at each place where an expression can stand.
PROTO = {"meta": {"key": "l4proto"}}


def matching(one, other, op="==", **more):
    return {"match": {"op": op, "left": one, "right": other, **more}}


def unknowns(name, content):
    strange = {name: content}
    return [
        strange,
        matching(strange, 1),
        matching(PROTO, "tcp", op=name),
        matching({"payload": {"protocol": "ip", "field": name}}, 1),
        matching({"meta": {"key": name}}, 1),
        matching(PROTO, strange),
        matching(PROTO, {"set": ["tcp", strange]}),
        matching({"&": [{"ct": {"key": "mark"}}, strange]}, 1),
        matching(PROTO, 6, **strange),
        {**matching(PROTO, 6), name: content},
        {"mangle": {"key": strange, "value": 1}},
        {"vmap": {"key": PROTO, "data": {"set": [["tcp", strange]]}}},
    ]


unknown = st.builds(unknowns, st.text("abcdefghij", min_size=9, max_size=12), anything).flatmap(st.sampled_from)
known = st.lists(
    st.sampled_from(
        [
            matching({"payload": {"protocol": "ip", "field": "saddr"}}, "10.0.0.1"),
            matching({"ct": {"key": "state"}}, "new", op="in"),
            {"counter": {"packets": 0, "bytes": 0}},
        ]
    ),
    max_size=2,
)
