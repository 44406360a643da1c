"""Languages other than English: the same classes as English has, plain calls decided rightly, and no polarity."""

import ast
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

import ari_app.escalation
from ari_app.call.model import Party, Turn
from ari_app.escalation.replay import Verdict, decide
from ari_app.escalation.scorer import Scorer
from ari_app.escalation.written_calls import WrittenCall
from ari_app.language.loading import languages, load_lexicon
from ari_app.language.rules_check import check_rules
from ari_app.language.rules_file import default_rules, parse_rules
from ari_app.language.sentiment import TextBlobSentiment, polarity, with_polarity

OTHERS = [language for language in languages() if language != "en"]
_ASKS_FOR = ("has", "first", "affirmed", "count")
_GREETING = {"de": "Guten Tag, wie kann ich Ihnen helfen?", "es": "Hola, buenos días. ¿En qué puedo ayudarle?"}

# ------------------------------------------------------------------------------------------------ calls
# ">" is the assistant; the caller's turns are as a recogniser writes them, or typed. The signal is one that must have been heard.

HANDED_OVER = {
    "de": [
        ("human_request", "Guten Tag, ich möchte bitte mit einem Menschen sprechen"),
        ("human_request", "ich will nicht mit einem roboter reden"),
        ("human_request", "koennen sie mich zu jemandem durchstellen"),
        ("compliance", "mein anwalt wird sie verklagen"),
        ("compliance", "ich möchte eine formelle Beschwerde einreichen"),
        ("urgency", "bei mir in der küche riecht es nach gas"),
        ("urgency", "unser haus brennt"),
        ("urgency", "mein vater hat starke brustschmerzen und kriegt keine luft"),
        (
            "urgency",
            "mein koffer mit dem brautkleid ist weg und die hochzeit ist morgen",
            "> Den Status finden Sie auf unserer Webseite.",
            "das hilft mir nicht, ich heirate in zwölf stunden, das ist ein notfall",
        ),
        (
            "judgement",
            "können Sie mir die Mahngebühr erlassen? Ich war im Krankenhaus und habe meine Arbeit verloren",
            "> Mahngebühren richten sich nach unseren Bedingungen.",
            "das verstehe ich, aber können sie eine ausnahme machen? ich habe noch nie zu spät bezahlt",
        ),
        (
            "repetition",
            "mir wurde die rechnung für märz zweimal abgebucht",
            "> Ihre Rechnungen finden Sie auf unserer Webseite.",
            "auf der webseite war ich schon, die rechnung wurde zweimal abgebucht",
            "> Ihre Rechnungen finden Sie auf unserer Webseite.",
            "sie sagen immer das gleiche, hören sie mir überhaupt zu",
        ),
        (
            "negative_sentiment",
            "mein internet geht nicht",
            "> Das habe ich leider nicht verstanden. Können Sie das wiederholen?",
            "mein internet geht nicht",
            "> Entschuldigung, ich habe Sie nicht verstanden.",
            "das ist eine frechheit, ich bin stinksauer und völlig verzweifelt",
            "> Bitte wiederholen Sie das.",
            "unverschaemt, mir reicht es jetzt",
        ),
    ],
    "es": [
        ("human_request", "Hola, quiero hablar con una persona, por favor"),
        ("human_request", "no quiero hablar con una maquina"),
        ("human_request", "me podrian poner con el encargado"),
        ("compliance", "les voy a demandar, mi abogado ya lo está preparando todo"),
        ("compliance", "quiero poner una reclamación formal por escrito"),
        ("urgency", "hay un olor a gas muy fuerte en la cocina"),
        ("urgency", "se está quemando mi casa"),
        ("urgency", "mi padre tiene un dolor muy fuerte en el pecho y no puede respirar"),
        (
            "urgency",
            "se perdió mi maleta con el vestido y la boda es mañana",
            "> Puede consultar el estado en nuestra página web.",
            "no me sirve la pagina, me caso en doce horas y es una emergencia",
        ),
        (
            "judgement",
            "¿podrían quitarme el recargo? estuve en el hospital y perdí mi trabajo",
            "> Los recargos se aplican según nuestros términos.",
            "lo entiendo, pero ¿pueden hacer una excepción por mi situación? nunca me he retrasado",
        ),
        (
            "repetition",
            "me han cobrado dos veces la factura de marzo",
            "> Puede ver sus facturas en nuestra página web.",
            "ya miré la página, me han cobrado dos veces la factura",
            "> Puede ver sus facturas en nuestra página web.",
            "otra vez lo mismo, no me está escuchando, me cobraron dos veces",
        ),
        (
            "negative_sentiment",
            "mi internet no funciona",
            "> No le he entendido, ¿puede repetir?",
            "que no funciona mi internet",
            "> Lo siento, no le he entendido.",
            "esto es ridículo, son unos inútiles, estoy harta",
            "> ¿Puede repetir, por favor?",
            "qué vergüenza de servicio, estoy desesperada",
        ),
    ],
}
STAYED = {
    "de": [
        ("was kostet ein zusätzlicher koffer", "> Das kostet dreißig Euro.", "ah okay, danke, das war alles"),
        (
            "gestern hat mir ihr mitarbeiter gesagt dass das paket heute kommt",
            "> Ihr Paket kommt heute zwischen zwei und vier Uhr.",
            "sehr gut danke",
        ),
        (
            "mein bruder ist anwalt und für ihn wurde ein paket an unsere adresse geliefert",
            "> Er kann es jederzeit abholen.",
            "in ordnung danke",
        ),
        (
            "es ist nicht dringend, aber ich möchte meine lieferadresse ändern",
            "> Gern, wie lautet die neue Adresse?",
            "hauptstraße fünfundvierzig",
            "> Ich habe sie geändert.",
            "prima danke schön",
        ),
        ("ist der sitz neben dem notausgang", "> Ja, das ist Reihe zwölf.", "ach schön danke"),
        ("nein danke ich brauche keinen berater ich wollte nur die öffnungszeiten wissen", "> Von 9 bis 18 Uhr.", "danke"),
    ],
    "es": [
        ("quería saber cuánto cuesta una maleta extra", "> Son treinta euros.", "ah vale, gracias, eso es todo"),
        (
            "ayer su agente me dijo que el pedido llegaba hoy",
            "> Su pedido llega hoy entre las dos y las cuatro.",
            "muy bien gracias",
        ),
        (
            "mi hermano es abogado y le han enviado un paquete a nuestra dirección",
            "> Puede recogerlo cuando quiera.",
            "de acuerdo gracias",
        ),
        (
            "no es urgente pero quiero cambiar la direccion de entrega",
            "> Claro, ¿cuál es la nueva dirección?",
            "calle mayor cuarenta y cinco",
            "> La he cambiado.",
            "genial gracias",
        ),
        ("el asiento está junto a la salida de emergencia", "> Sí, es la fila doce.", "ah qué bien gracias"),
        ("no gracias no necesito ningún asesor solo quería saber el horario", "> De 9 a 18.", "gracias adiós"),
    ],
}


def _verdict(language: str, *lines: str) -> Verdict:
    said = [(Party.ASSISTANT, _GREETING[language])]
    said += [(Party.ASSISTANT if line.startswith("> ") else Party.CALLER, line.removeprefix("> ")) for line in lines]
    turns = tuple(Turn(at, party, text, at * 5.0, at * 5.0 + 4.0) for at, (party, text) in enumerate(said))
    rules = parse_rules(f"language: {language}\n", "rules.yaml", default_rules())
    return decide(with_polarity(WrittenCall("call", turns), language), Scorer(rules, load_lexicon(language)))


@pytest.mark.parametrize(
    ("language", "signal", "lines"),
    [(language, signal, lines) for language, calls in HANDED_OVER.items() for signal, *lines in calls],
)
def test_a_caller_in_need_gets_a_human(language: str, signal: str, lines: list[str]) -> None:
    verdict = _verdict(language, *lines)
    assert verdict.turn is not None
    assert signal in {each.name for each in verdict.signals()}


@pytest.mark.parametrize(("language", "lines"), [(language, lines) for language, calls in STAYED.items() for lines in calls])
def test_a_caller_who_is_served_stays_with_the_assistant(language: str, lines: tuple[str, ...]) -> None:
    assert _verdict(language, *lines).turn is None


@pytest.mark.parametrize("language", OTHERS)
def test_there_are_calls_of_both_kinds_in_every_language(language: str) -> None:
    assert len(HANDED_OVER[language]) >= 8
    assert len(STAYED[language]) >= 4


@pytest.mark.parametrize(
    ("language", "text"), [("de", "super vielen Dank, das hat geklappt"), ("es", "perfecto, muchas gracias, ya funciona")]
)
def test_thanks_are_understood(language: str, text: str) -> None:
    verdict = _verdict(language, "…", "> OK.", text)
    assert {signal.name for signal in verdict.signals()} == {"resolved"}


# ------------------------------------------------------------------------------------------------ structure


@pytest.mark.parametrize("language", OTHERS)
def test_every_class_of_english_exists_in_it_and_has_phrases(language: str) -> None:
    classes = load_lexicon(language).classes
    assert set(load_lexicon("en").classes) - set(classes) == set()
    assert [name for name, phrases in classes.items() if not phrases] == []


@pytest.mark.parametrize("language", languages())
def test_every_class_that_the_code_asks_for_exists_in_it(language: str) -> None:
    asked = set(_asked_for())
    assert {"strong hazard", "negation", "read back", "someone elses", "against", "clock"} <= asked
    assert asked - set(load_lexicon(language).classes) == set()


def _asked_for() -> Iterator[str]:
    """The names in has("…"), first("…"), classes.get("…") and the like, and those in loops whose variable is given to them."""
    root = Path(str(files(ari_app.escalation)))
    for file in sorted(root.rglob("*.py")):
        for function in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef):
                yield from _asked_in(function)


def _asked_in(function: ast.FunctionDef) -> Iterator[str]:
    variables: set[str] = set()
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        assert isinstance(call.func, ast.Attribute)
        of_classes = isinstance(call.func.value, ast.Attribute) and call.func.value.attr == "classes"
        if call.func.attr in _ASKS_FOR or (call.func.attr == "get" and of_classes):
            for argument in call.args:
                inner = argument.value if isinstance(argument, ast.Starred) else argument
                if isinstance(inner, ast.Name):
                    variables.add(inner.id)
                elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner.value
    for loop in ast.walk(function):
        if isinstance(loop, ast.For | ast.comprehension) and not isinstance(loop.iter, ast.Call):
            names = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
            yield from (each.value for each in ast.walk(loop.iter) if names & variables and isinstance(each, ast.Constant))


@pytest.mark.parametrize("language", OTHERS)
def test_references_stand_alone_and_irregular_forms_lead_to_stems(language: str) -> None:
    lexicon = load_lexicon(language)
    words = {word for phrases in lexicon.classes.values() for phrase in phrases for step in phrase.steps for word in step or ()}
    assert [word for word in words if "@" in word] == []
    irregular = lexicon.endings.irregular
    assert {form: base for form, base in irregular.items() if lexicon.stem(base) != base} == {}


@pytest.mark.parametrize("language", OTHERS)
def test_its_file_says_that_it_is_a_start(language: str) -> None:
    text = files(ari_app.escalation).joinpath("lexicons", f"{language}.yaml").read_text(encoding="utf-8")
    assert "This is a start" in text[:600]


# ------------------------------------------------------------------------------------------------ sentiment and rules


@pytest.mark.parametrize("language", OTHERS)
async def test_polarity_is_measured_in_english_only(language: str) -> None:
    assert polarity("terrible", "en") is not None
    assert polarity("terrible", language) is None
    turns = (Turn(0, Party.CALLER, "terrible", 0, 1), Turn(1, Party.CALLER, "good", 2, 3, polarity=0.7))
    assert [turn.polarity for turn in with_polarity(WrittenCall("call", turns), language).turns] == [None, 0.7]
    sentiment = TextBlobSentiment(lambda: language)
    try:
        assert await sentiment.polarity("terrible") is None
    finally:
        sentiment.close()


async def test_the_sentiment_follows_the_language_of_the_rules_in_force() -> None:
    spoken = ["de"]
    sentiment = TextBlobSentiment(lambda: spoken[0])
    try:
        assert await sentiment.polarity("terrible") is None
        spoken[0] = "en"
        assert await sentiment.polarity("terrible") is not None
    finally:
        sentiment.close()


@pytest.mark.parametrize("language", OTHERS)
def test_a_rules_file_may_name_it(language: str) -> None:
    checked = check_rules(f"language: {language}\nthreshold: 9\n".encode(), default_rules())
    assert checked.mistakes == ()
    assert checked.book is not None
    assert checked.book.language == language
