"""Words to concepts: captions read back, everyday words, unknown words."""

import numpy as np
import pytest

from vace_core.pocket.looks import COMPANIONS, PALETTES, PLAIN, STYLES, TIMES, WEATHERS, complete
from vace_core.pocket.painter import caption, captions, random_named
from vace_core.pocket.thesaurus import ALIASES, CONCEPTS, FILLERS, PHRASES
from vace_core.pocket.words import END, IDS, LENGTH, VOCABULARY, read, tokenize


@pytest.mark.parametrize("seed", range(120))
def test_a_caption_reads_back_as_what_was_painted(seed):
    rng = np.random.default_rng(seed)
    named = random_named(rng)
    nouns = tuple(sorted(rng.choice(list(captions.NOUNS), size=seed % 3, replace=False).tolist()))
    reading = read(caption(named, nouns, rng))
    assert complete(reading.named) == complete(named)
    assert reading.nouns == nouns
    assert reading.unknown == ()


@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_read_by_its_name_by_what_captions_say_and_by_everyday_words(style):
    everyday = CONCEPTS[f"style:{style}"].split()
    assert len({style, *everyday}) > 3
    for word in (style, style.replace("-", " "), *captions.STYLES[style], *everyday):
        assert read(word).named == {"style": style}, word


@pytest.mark.parametrize("table", [captions.PALETTES, captions.TIMES, captions.WEATHERS, captions.NOUNS])
def test_what_captions_say_of_the_rest_is_read_as_that(table):
    for concept, phrases in table.items():
        for phrase in phrases:
            reading = read(phrase)
            assert (*reading.named.values(), *reading.nouns) == (concept,), phrase
            assert reading.unknown == ()


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("brass", {"style": "copper"}),
        ("a bronze warrior in the rain at dusk", {"style": "copper", "weather": "rain", "time": "sunset"}),
        ("lava", {"style": "lava"}),
        ("molten metal man", {"style": "lava"}),
        ("standing on ice", {"style": "ice"}),
        ("Tokyo in the rain", {"style": "neon", "weather": "rain"}),
        ("winter", {"style": "ice", "weather": "snow"}),
        ("black and white", {"palette": "monochrome"}),
        ("swimming under water", {"style": "ocean"}),
        ("golden, GOLD! gold?", {"style": "gold"}),
        ("a stained glass dancer", {"style": "stained-glass"}),
        ("X-ray of a hand", {"style": "x-ray"}),
        ("oil painting, warm colours, foggy night", {
            "style": "oil", "palette": "warm", "weather": "fog", "time": "night"}),
        ("", {}),
    ],
)  # fmt: skip
def test_everyday_words_mean_concepts(prompt, named):
    assert read(prompt).named == named


@pytest.mark.parametrize(("word", "meant"), [("goldn", "gold"), ("velvett", "velvet"), ("marbble", "marble")])
def test_a_misspelling_is_taken_for_the_nearest_word(word, meant):
    assert read(word + " figure").named.get("style") == meant


def test_unknown_words_are_reported_in_order_and_left_out():
    reading = read("qwertzu gold blorp")
    assert reading.unknown == ("qwertzu", "blorp")
    assert reading.ids == read("gold").ids


def test_one_word_is_a_whole_look():
    assert len(tokenize("ice")) == 5
    assert tokenize("ice")[-1] == END


def test_nothing_said_is_nothing_asked():
    assert tokenize("") == [END]
    assert read("the of and").empty


def test_words_of_several_things_give_way_to_what_else_is_said():
    assert read("cyberpunk forest").named["style"] == "moss"
    assert read("cyberpunk").named == {"style": "neon", "time": "night", "weather": "rain"}


def test_no_word_means_two_things():
    words = [word for text in CONCEPTS.values() for word in text.split()] + list(ALIASES) + list(FILLERS)
    assert len(words) == len(set(words))


def test_every_alias_and_every_phrase_leads_to_a_concept():
    assert {concept for concepts in ALIASES.values() for concept in concepts} <= set(CONCEPTS)
    assert [phrase for phrase in PHRASES if read(phrase).empty or read(phrase).unknown] == []


def test_every_concept_of_a_look_has_words():
    of_looks = {"style": STYLES, "palette": PALETTES, "time": TIMES, "weather": WEATHERS}
    expected = {f"{aspect}:{concept}" for aspect, concepts in of_looks.items() for concept in concepts}
    assert {concept for concept in CONCEPTS if not concept.startswith("noun:")} == expected


def test_a_style_goes_with_weather_time_or_palette_where_none_is_named():
    assert complete({}).style == PLAIN
    assert complete({"time": "night"}).style == COMPANIONS["night"]
    assert complete({"time": "night", "style": "jade"}).style == "jade"
    assert complete({"palette": "sepia", "weather": "snow"}).style == COMPANIONS["snow"]
    assert {*COMPANIONS.values(), PLAIN} <= set(STYLES)
    assert set(COMPANIONS) == {*PALETTES[1:], *TIMES[1:], *WEATHERS[1:]}


def test_named_aspects_are_kept_when_the_rest_is_filled_in():
    for seed in range(20):
        named = random_named(np.random.default_rng(seed))
        look = complete(named)
        assert {aspect: getattr(look, aspect) for aspect in named} == named


def test_ids_are_within_the_vocabulary_and_the_length():
    ids = tokenize(" ".join(CONCEPTS[concept].split()[0] for concept in CONCEPTS))
    assert max(IDS.values()) < VOCABULARY
    assert len(ids) <= LENGTH
