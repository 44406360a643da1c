"""Articles are read with clear errors, sound right when spoken, and are found by questions but not by others."""

from pathlib import Path

import pytest

from ari_app.assistant.articles import Article, read_articles
from ari_app.assistant.assistant import DEMO_KNOWLEDGE, AssistantSettings
from ari_app.assistant.language import read_language
from ari_app.assistant.retrieval import Knowledge, LexicalSimilarity
from ari_app.errors import BadSettings

WORDS = read_language("en").understanding
ARTICLES = read_articles([DEMO_KNOWLEDGE], WORDS.referral_phrases)
KNOWLEDGE = Knowledge(ARTICLES, LexicalSimilarity(ARTICLES, WORDS))
THRESHOLD = AssistantSettings().threshold

# Worded apart from the articles' own "Also asked" lines.
ASKED = {
    "how many bags can i take on a standard fare": "How much checked baggage is included in my fare?",
    "is one suitcase free or do i pay for it": "How much checked baggage is included in my fare?",
    "whats the size for the cabin bag": "What size can my cabin bag be?",
    "if you cancel my flight do i get another flight": "What happens if Kestrel Bay Air cancels my flight?",
    "i have my sister's wedding dress in my checked bag and the ceremony is in twelve hours": (
        "What happens to my bag after I am rebooked?"
    ),
    "does my luggage come along when i am rebooked": "What happens to my bag after I am rebooked?",
    "when will i see the refund on my card": "How long does a refund take?",
    "i would like to change my flight to friday": "How do I change my booking, and what does it cost?",
    "whats the latest i can check in": "When can I check in online?",
    "until when is the gate open": "When do bag drop and the gate close?",
    "what do seats with more room cost": "How much does it cost to choose a seat?",
    "am i allowed to sit in an exit row": "Who can sit in an emergency exit row?",
    "i want to take my little dog with me": "Can I bring my pet in the cabin?",
    "can my daughter fly alone she is nine": "Can my child fly alone?",
    "my suitcase is missing since yesterday": "My bag didn't arrive. What do I do?",
    "my mother needs a wheelchair": "How do I ask for a wheelchair or other help at the airport?",
    "does the babys buggy count as a bag": "Do babies need a ticket, and can I bring a buggy?",
    "there is a spelling mistake in my name": "How do I correct a name on my booking?",
    "what are your opening hours": "When are your phone lines open?",
    "whats your mailing address": "What is your postal address?",
    "where is the bag tag number": "Where do I find my bag tag number?",
}
NOT_OURS = [
    "do i need a certificate for my dads ashes",
    "my voucher does not work",
    "can i book a hotel in lisbon",
    "what is the weather in lisbon",
    "do you sell wedding dresses",
    "i want to sue you",
    "my laptop broke",
    "can you send a taxi",
    "what time does the restaurant open",
    "is there wifi on the plane",
    "i lost my job",
    "who won the match",
    "where can i park my car",
    "what is the capital of france",
    "how do i reset my password",
    "my internet is down again",
    "i want to cancel my gym membership",
    "",
]


@pytest.mark.parametrize(("question", "title"), ASKED.items())
def test_a_question_finds_its_article(question: str, title: str) -> None:
    match = KNOWLEDGE.find(question)
    assert match is not None and match.article.title == title
    assert THRESHOLD <= match.score <= 1.0


@pytest.mark.parametrize("question", NOT_OURS)
def test_a_question_about_something_else_stays_below_the_threshold(question: str) -> None:
    match = KNOWLEDGE.find(question)
    assert match is not None and match.score < THRESHOLD


def test_agents_articles_are_found_for_agents_only() -> None:
    question = "there is something irreplaceable in my checked bag, a dress"
    for_agents = KNOWLEDGE.find(question, for_agents=True)
    for_callers = KNOWLEDGE.find(question)
    assert for_agents is not None and for_agents.article.title == "Baggage special services, section 4A"
    assert for_callers is not None and not for_callers.article.agents_only


def test_no_agents_article_is_told_to_a_caller_who_asks_for_it_by_name() -> None:
    assert not any(match.article.agents_only for match in KNOWLEDGE.ranked("baggage special services section 4A"))


def test_articles_are_spoken_without_marks(tmp_path: Path) -> None:
    (tmp_path / "k.md").write_text(
        "# Title\nIntro.\n## What does it cost?\nIt is **$45** for 23 kg, see [our list](https://a.example/x).\n\n"
        "- One bag\n- Two `small` bags (55 x 40 cm)\n<!-- not this -->\n"
    )
    (article,) = read_articles([tmp_path / "k.md"])
    assert article.sentences == (
        "It is 45 dollars for 23 kilos, see our list.",
        "One bag.",
        "Two small bags (55 by 40 centimetres).",
    )


def test_the_demos_articles_can_all_be_spoken() -> None:
    assert len(ARTICLES) >= 15
    for article in ARTICLES:
        text = " ".join(article.sentences)
        assert not set(text) & set("*_#[]|$%<>`"), article.title
        assert all(len(sentence.split()) <= 36 for sentence in article.sentences), article.title


def test_an_answer_that_only_sends_elsewhere_is_a_referral_without_being_marked(tmp_path: Path) -> None:
    (tmp_path / "k.md").write_text(
        "## Where is it?\nIt varies. Please check our website.\n\n"
        "## What is it?\nA fee. It is $5. Ask at the airport for more. Or us.\n"
    )
    where, what = read_articles([tmp_path / "k.md"], WORDS.referral_phrases)
    assert where.referral and not what.referral


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", None, "no article"),
        ("# Only a title\ntext\n", None, "no article"),
        ("## One?\nYes.\n\n## Two?\n\n## Three?\nNo.\n", 4, "has no answer"),
        ("## \nYes.\n", 1, "no question"),
        ("## One?\nYes.\n## one\nNo.\n", 3, "already answered"),
        ("## One?\nFor: everybody\nYes.\n", 1, "not understood"),
    ],
)
def test_a_knowledge_file_that_cannot_be_used_names_file_line_and_remedy(
    tmp_path: Path, text: str, line: int | None, says: str
) -> None:
    file = tmp_path / "k.md"
    file.write_text(text)
    with pytest.raises(BadSettings, match=says) as raised:
        read_articles([file])
    assert (f"{file}:{line}" if line else str(file)) in raised.value.message
    assert raised.value.remedy


def test_a_missing_folder_or_binary_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "binary.md").write_bytes(b"## \xff\xfe")
    for path, says in (
        (tmp_path / "none.md", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "binary.md", "not UTF-8"),
    ):
        with pytest.raises(BadSettings, match=says):
            read_articles([path])


def test_a_question_about_a_detail_begins_with_the_sentence_that_has_it() -> None:
    lexical = LexicalSimilarity(ARTICLES, WORDS)
    sentences = next(article for article in ARTICLES if "checked baggage" in article.title).sentences
    assert sentences[lexical.best_sentence("how much is an extra bag", sentences)].startswith("An extra bag")
    assert lexical.best_sentence("how many bags", sentences) == 0


def test_a_similarity_of_another_kind_can_be_plugged_in() -> None:
    class LastOne:
        def scores(self, question: str) -> list[float]:
            return [0.1] * (len(ARTICLES) - 1) + [0.9]

    last = Article("last", "Last?", "Yes.", ("Yes.",))
    match = Knowledge((*ARTICLES[:-1], last), LastOne()).find("anything")
    assert match is not None and match.article == last
