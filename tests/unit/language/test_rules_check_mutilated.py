"""Whatever is typed into a rules file: it is either used or refused with at least one mistake, and the check never breaks."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.language.loading import default_rules_text
from ari_app.language.rules_check import check_rules
from ari_app.language.rules_file import default_rules

LINES = default_rules_text("airline").split("\n")
PIECES = st.sampled_from(
    [
        "\t",
        '"',
        "'",
        "[",
        "]",
        "{",
        "}",
        ":",
        ": ",
        "- ",
        "#",
        "&a ",
        "*a",
        "!x ",
        "---\n",
        "\n",
        " ",
        "é",
        "\0",
        "?",
        "|",
        ">",
        "%",
    ]
)
WORDS = st.sampled_from(
    ["rules:", "signals:", "name: A", "when: urgency", "points: 1", "null", "true", ".nan", "99999999999999999999", "[[]]"]
)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 60), st.one_of(PIECES, WORDS)), max_size=6),
    st.lists(st.integers(0, len(LINES) - 1), max_size=4),
)
def test_a_mutilated_file_is_used_or_refused_with_lines_that_exist(inserted, removed):
    lines = list(LINES)
    for number, column, piece in inserted:
        lines[number] = lines[number][:column] + piece + lines[number][column:]
    text = "\n".join(line for number, line in enumerate(lines) if number not in removed)
    found = check_rules(text.encode(), default_rules())
    assert (found.book is None) is bool(found.mistakes)
    last = text.count("\n") + 1
    assert all(0 <= each.line <= last and each.what and each.remedy for each in found.findings)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_answered(content):
    found = check_rules(content, default_rules())
    assert (found.book is None) is bool(found.mistakes)
