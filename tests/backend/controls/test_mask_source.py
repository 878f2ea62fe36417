import pytest

from backend.controls.mask_source import NAMED, MaskSource, MaskSourceError
from bridge.video.address import SOURCES


@pytest.mark.parametrize("name", NAMED)
def test_a_name_is_a_source_in_any_case(name: str):
    assert MaskSource.parse(name) == MaskSource.parse(f" {name.upper()} ") == MaskSource(name)


def test_nothing_is_none():
    assert MaskSource.parse("") == MaskSource("none")


def test_an_object_goes_by_one_name_or_several():
    assert MaskSource.parse("object:person").labels == ("person",)
    assert MaskSource.parse("Object: Person, traffic light").labels == ("person", "traffic light")


@pytest.mark.parametrize("scheme", SOURCES)
def test_every_frame_address_is_a_source(scheme: str):
    assert MaskSource.parse(f"{scheme}:Any Name") == MaskSource("frames", address=f"{scheme}:Any Name")


@pytest.mark.parametrize("path", ["mask.png", "masks/left", "C:\\masks\\a", "file:mask.mp4"])
def test_a_path_is_a_files_address(path: str):
    assert MaskSource.parse(path).address == f"file:{path.removeprefix('file:')}"


def test_a_file_without_a_suffix_is_one_if_it_is_there(tmp_path, monkeypatch):
    (tmp_path / "outline").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert MaskSource.parse("outline").address == "file:outline"


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("subjct", "subject"),
        ("persn", "person"),
        ("chrome", "chroma"),
        ("elipse", "ellipse"),
        ("spot:Resolume", "spout:"),
        ("objekt:person", "object:"),
        ("object:", "object:person"),
        ("xyzzy", "object:NAME"),
    ],
)
def test_what_is_none_of_these_names_what_may_have_been_meant(text: str, near: str):
    with pytest.raises(MaskSourceError, match=near):
        MaskSource.parse(text)
