"""What parts of a vault a search can keep to, and how they are named."""

import pytest

from assistant.answer import Filters
from assistant.scope import Scope, describe_filters, survey_scope

FACTS = (
    ("Forum/2022", ("Médiation/jeune-public",), "2022-07-27"),
    ("Forum", ("médiation", "outils"), "2019-01-02"),
    ("", (), None),
)


def test_folders_and_tags_count_what_lies_in_them() -> None:
    scope = survey_scope(FACTS)
    assert scope.folders == (("Forum", 2), ("Forum/2022", 1))
    assert scope.tags[0] == ("Médiation", 2)
    assert ("Médiation/jeune-public", 1) in scope.tags
    assert scope.years == (("2019", 1), ("2022", 1))


def test_empty_vault_has_no_part() -> None:
    assert survey_scope(()) == Scope()


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("2019-01-01", "2022-12-31", "2019 à 2022"),
        ("2022-01-01", "2022-12-31", "2022"),
        ("2019-01-01", None, "depuis 2019"),
        (None, "2022-12-31", "jusqu’en 2022"),
    ],
)
def test_period_is_named_in_french(since: str | None, until: str | None, said: str) -> None:
    assert describe_filters(Filters(since=since, until=until)) == (said,)


def test_whole_vault_has_no_name() -> None:
    assert describe_filters(Filters()) == ()
    assert describe_filters(Filters(("outils",), ("Forum",))) == ("Forum", "#outils")
