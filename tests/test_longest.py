"""How tests are shared out among workers."""

from tests.longest import LONGEST, place, scope_of
from tests.test_house import ROOT


def test_all_that_is_begun_first_is_there():
    assert [path for path in LONGEST if not (ROOT / path).exists()] == []


def test_the_longest_are_first_and_behind_them_those_with_the_most_tests():
    scopes = {"tests/test_lock.py": 3, "tests/test_docs.py": 40, LONGEST[1]: 1, LONGEST[0]: 2}
    assert sorted(scopes, key=lambda scope: place(scope, scopes[scope])) == [
        *LONGEST[:2],
        "tests/test_docs.py",
        "tests/test_lock.py",
    ]


def test_all_under_wine_stay_together():
    assert scope_of("tests/wine/test_touch.py") == scope_of("tests/wine/test_show.py") == LONGEST[0]
    assert scope_of("tests/test_lock.py") == "tests/test_lock.py"
