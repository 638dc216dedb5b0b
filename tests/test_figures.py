"""Figures and dates: the same one in every form it is written in, and never another."""

import pytest

from assistant.figures import miscounts, read_figures


def _is_in(said: str, held: str) -> bool:
    return not read_figures(said).missing_from(read_figures(held))


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ("3 000 objets", "3000 objets"),
        ("3\u202f000 objets", "trois mille objets"),
        ("3.000 objets", "3'000 objets"),
        ("vingt-sept visiteurs", "27 visiteurs"),
        ("quatre-vingt-dix-neuf pas", "99 pas"),
        ("soixante et onze salles", "71 salles"),
        ("deux cent cinquante salles", "250 salles"),
        ("deux millions de visites", "2 000 000 de visites"),
        ("3,5 millions de visites", "3 500 000 visites"),
        ("34,5 %", "34,5\u00a0pour cent"),
        ("douze pour cent", "12 %"),
        ("le XXIe siècle", "le 21e siècle"),
        ("la deuxième partie", "la 2e partie"),
        ("12 mai 2022", "2022-05-12"),
        ("mai 2022", "le 12 mai 2022"),
        ("12 mai", "le 12/05/2022"),
        ("en 2022", "le 12 mai 2022"),
        ("l’été 2019", "l'été 2019"),
        ("les années 1990", "les années 90"),
        ("14h00", "14 h"),
        ("les deux musées", "rien n’est compté"),
        ("un musée neuf.", "rien n’est compté"),
        ("il a été ouvert", "rien n’est daté"),
        ("en premier lieu", "rien n’est compté"),
    ],
)
def test_a_figure_is_the_same_in_every_form(said: str, held: str) -> None:
    assert _is_in(said, held)


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ("3 000 objets", "30 000 objets"),
        ("34,5 %", "34,6 %"),
        ("12 %", "12 visiteurs"),
        ("trois musées", "treize musées"),
        ("le XXe siècle", "le XXIe siècle"),
        ("12 mai 2022", "12 mai 2021"),
        ("12 mai 2022", "mai 2022"),
        ("13 mai 2022", "12 mai 2022 et 13 juin 2022"),
        ("mai 2022", "juin 2022"),
        ("les années 1990", "en 1990"),
        ("la moitié des musées", "un tiers des musées"),
        ("14h00", "14h20"),
        ("la troisième partie", "trois parties"),
        ("12 musées", "le 12 octobre 2022"),
    ],
)
def test_another_figure_is_not_the_same(said: str, held: str) -> None:
    assert not _is_in(said, held)


@pytest.mark.parametrize(
    ("said", "miscounted"),
    [
        ("Trois raisons sont données.", True),
        ("Deux raisons sont données.", False),
        ("La phase lancée en 2018 dure.", True),
        ("La phase lancée en 2017 dure.", False),
        ("Trois portes sont ouvertes.", False),
    ],
)
def test_what_the_notes_count_is_counted_as_they_do(said: str, miscounted: bool) -> None:
    assert (
        miscounts(said, ["Deux raisons (page 3), une phase lancée en 2017.", "Trois temps en 2018."])
        is miscounted
    )
