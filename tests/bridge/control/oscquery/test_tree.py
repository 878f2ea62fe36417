import json

import pytest

from bridge.control.mailbox import Mailbox
from bridge.control.oscquery.tree import ATTRIBUTES, EXTENSIONS, NoSuchAddress, NoSuchAttribute, NotReadable, Tree
from tests.bridge.control.every_type import EVERY_TYPE

VALUES = Mailbox(EVERY_TYPE).snapshot()
BOTH = {"CLIPMODE": ["both"]}
ENDS, EACH = {"MIN": -1.0, "MAX": 2.0}, {"CLIPMODE": ["both"] * 4}
CONTROL = ["depth", "scribble", "none"]


def node(path: str):
    return Tree(EVERY_TYPE).describe(path, VALUES)


def leaves(branch):
    if "TYPE" in branch:
        yield branch
    for child in branch.get("CONTENTS", {}).values():
        yield from leaves(child)


def test_the_tree_holds_every_control_once_and_is_json():
    root = json.loads(json.dumps(node("/"), allow_nan=False))
    paths = [leaf["FULL_PATH"] for leaf in leaves(root)]
    assert sorted(paths) == sorted(row.address for row in EVERY_TYPE)


def test_a_path_is_its_own_way_down():
    for row in EVERY_TYPE:
        branch = node("/")
        for name in row.address.strip("/").split("/"):
            branch = branch["CONTENTS"][name]
        assert branch == node(row.address)
        assert branch["FULL_PATH"] == row.address


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/vace/scale", {"TYPE": "f", "ACCESS": 3, "VALUE": [1.0], "RANGE": [{"MIN": 0.0, "MAX": 2.0}]} | BOTH),
        ("/vace/floor", {"TYPE": "f", "ACCESS": 3, "VALUE": [0.0], "RANGE": [{"MIN": 0.0}], "CLIPMODE": ["low"]}),
        ("/vace/offset", {"TYPE": "f", "ACCESS": 3, "VALUE": [-0.5], "UNIT": ["time.second"]}),
        ("/vace/seed", {"TYPE": "i", "ACCESS": 3, "VALUE": [0], "RANGE": [{"MIN": 0, "MAX": 2**31 - 1}]} | BOTH),
        ("/vace/freeze", {"TYPE": "T", "ACCESS": 3, "VALUE": [False]}),
        ("/vace/control", {"TYPE": "s", "ACCESS": 3, "VALUE": ["depth"], "RANGE": [{"VALS": CONTROL}]}),
        ("/vace/prompt/2", {"TYPE": "s", "ACCESS": 3, "VALUE": ["ice"]}),
        ("/vace/reference", {"TYPE": "s", "ACCESS": 3, "VALUE": []}),
        ("/vace/tags", {"TYPE": "ss", "ACCESS": 3, "VALUE": ["a", "b"]}),
        ("/vace/box", {"TYPE": "ffff", "ACCESS": 3, "VALUE": [0.25, 0.0, 0.5, 1.0], "RANGE": [ENDS] * 4} | EACH),
        ("/vace/path", {"TYPE": "ff", "ACCESS": 3, "VALUE": [0.0, 0.5]}),
        ("/vace/reset", {"TYPE": "N", "ACCESS": 2}),
        ("/vace/prompt/go", {"TYPE": "i", "ACCESS": 2, "RANGE": [{"MIN": 1, "MAX": 2}]} | BOTH),
        ("/vace/tempo/cue", {"TYPE": "s", "ACCESS": 2, "RANGE": [{"VALS": ["in", "out"]}]}),
        ("/vace/mask", {"ACCESS": 0}),
    ],
)  # fmt: skip
def test_a_node_tells_type_access_value_and_range(path: str, told: dict):
    others = ("FULL_PATH", "DESCRIPTION", "TAGS", "CONTENTS")
    found = {name: what for name, what in node(path).items() if name not in others}
    assert found == told


def test_an_address_may_hold_a_text_and_have_others_in_it():
    prompt = node("/vace/prompt")
    assert prompt["VALUE"] == ["gold on sand"]
    assert list(prompt["CONTENTS"]) == ["1", "2", "go", "say"]


def test_values_are_those_that_are_handed_in():
    mailbox = Mailbox(EVERY_TYPE)
    mailbox.set("/vace/scale", 0.25)
    mailbox.set("/vace/tags", ["one"])
    tree, values = Tree(EVERY_TYPE), mailbox.snapshot()
    assert tree.attribute("/vace/scale", "VALUE", values) == {"VALUE": [0.25]}
    assert tree.describe("/vace/tags", values)["TYPE"] == "s"


def test_every_attribute_can_be_asked_for_alone():
    tree, whole = Tree(EVERY_TYPE), node("/vace/mask/feather")
    assert whole["UNIT"] == ["distance.pixels"]
    for name in ATTRIBUTES:
        assert tree.attribute("/vace/mask/feather", name, VALUES) == ({name: whole[name]} if name in whole else {})
    assert tree.attribute("/vace/mask", "TYPE", VALUES) == {}
    assert set(EXTENSIONS) - {"LISTEN"} < set(ATTRIBUTES)


@pytest.mark.parametrize(
    ("path", "name", "why"),
    [
        ("/vace/nothing", "VALUE", NoSuchAddress),
        ("/nothing", "GABBA", NoSuchAddress),
        ("/vace/scale", "GABBA", NoSuchAttribute),
        ("/vace/scale", "value", NoSuchAttribute),
        ("/vace/scale", "VALUE&RANGE", NoSuchAttribute),
        ("/vace/scale", "OVERLOADS", NotReadable),
        ("/vace/reset", "VALUE", NotReadable),
        ("/vace/prompt/go", "VALUE", NotReadable),
        ("/vace/mask", "VALUE", NotReadable),
    ],
)
def test_what_cannot_be_told_is_said(path: str, name: str, why: type[LookupError]):
    with pytest.raises(why):
        Tree(EVERY_TYPE).attribute(path, name, VALUES)
