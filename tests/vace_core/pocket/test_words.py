"""Words to concepts: captions read back, everyday words, unknown words."""

import numpy as np
import pytest

from vace_core.pocket.looks import complete
from vace_core.pocket.thesaurus import CONCEPTS, STYLES
from vace_core.pocket.words import END, IDS, LENGTH, VOCABULARY, read, tokenize
from vace_core.pocket.world import caption, random_named
from vace_core.pocket.world.captions import NOUNS


@pytest.mark.parametrize("seed", range(60))
def test_a_caption_reads_back_as_what_was_drawn(seed):
    rng = np.random.default_rng(seed)
    named = random_named(rng)
    nouns = tuple(sorted(rng.choice(list(NOUNS), size=seed % 3, replace=False).tolist()))
    reading = read(caption(named, nouns, rng))
    assert complete(reading.named) == complete(named)
    assert reading.nouns == nouns
    assert reading.unknown == ()


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("brass", {"material": "gold"}),
        ("a bronze warrior in the rainforest", {"material": "gold", "backdrop": "forest"}),
        ("metal man on a lava floor", {"material": "chrome", "ground": "lava"}),
        ("lava", {"material": "lava"}),
        ("standing on ice", {"ground": "snow"}),
        ("Tokyo in the rain", {"backdrop": "city", "weather": "rain"}),
        ("winter", {"ground": "snow", "weather": "snow"}),
        ("black and white", {"palette": "monochrome"}),
        ("swimming under water", {"backdrop": "underwater"}),
        ("golden, GOLD! gold?", {"material": "gold"}),
        ("", {}),
    ],
)
def test_everyday_words_mean_concepts(prompt, named):
    assert read(prompt).named == named


@pytest.mark.parametrize(("word", "meant"), [("goldn", "gold"), ("velvett", "velvet"), ("marbble", "marble")])
def test_a_misspelling_is_taken_for_the_nearest_word(word, meant):
    assert read(word + " figure").named.get("material") == meant


def test_unknown_words_are_reported_in_order_and_left_out():
    reading = read("qwertzu gold blorp")
    assert reading.unknown == ("qwertzu", "blorp")
    assert reading.ids == read("gold").ids


def test_one_word_is_a_whole_look():
    assert len(tokenize("ice")) == 6
    assert tokenize("ice")[-1] == END


def test_nothing_said_is_nothing_asked():
    assert tokenize("") == [END]
    assert read("the of and").empty


def test_a_style_gives_way_to_what_else_is_said():
    assert read("cyberpunk forest").named["backdrop"] == "forest"
    assert read("cyberpunk").named["backdrop"] == "city"


def test_every_style_is_made_of_known_concepts():
    assert {concept for concepts in STYLES.values() for concept in concepts} <= set(CONCEPTS)


def test_ids_are_within_the_vocabulary_and_the_length():
    ids = tokenize(" ".join(CONCEPTS[concept].split()[0] for concept in CONCEPTS))
    assert max(IDS.values()) < VOCABULARY
    assert len(ids) <= LENGTH
