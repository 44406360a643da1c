"""Scripts as operators write them, and what they are told when something is wrong."""

import pytest

from ari_app.rehearsal.errors import ScriptError
from ari_app.rehearsal.script import builtin_script, builtin_scripts, load_script, parse_script

HEAD = 'name: x\ncaller: {number: "+1555", name: D}\n'


@pytest.mark.parametrize("name", builtin_scripts())
def test_the_scripts_of_the_package_are_valid(name):
    assert builtin_script(name).steps


def test_the_wedding_dress_marks_its_deciding_words_and_keeps_the_caller_company():
    script = builtin_script("wedding_dress")
    deciding = [step.say.text for step in script.steps if hasattr(step, "say") and step.say.deciding]
    assert deciding == ["but this is a wedding emergency"]
    (chat,) = [step for step in script.steps if hasattr(step, "chat")]
    assert chat.until.agent == "speaking"


def test_short_and_long_forms_mean_the_same():
    short = parse_script(HEAD + 'steps: [{wait: greeting}, {say: "hi"}, {press: "0"}, {pause: 1}, hang up]', "s")
    long = parse_script(HEAD + 'steps: [{wait: {for: greeting}}, {say: {text: "hi"}}, {press: "0"}, {pause: 1}, hang up]', "s")
    assert short == long
    assert [step.words for step in short.steps] == ["wait: greeting", 'say: "hi"', "press: 0", "pause: 1", "hang up"]


def test_an_agent_who_says_things_gets_the_steps_of_a_natural_talk():
    script = parse_script(HEAD + "steps: [hang up]\nagents: [{says: [one, two], hangs_up_after: 2, speaks: after whisper}]", "s")
    steps = [step.words for step in script.agents[0].all_steps()]
    assert steps == ["wait: whisper", 'say: "one"', "wait: reply", 'say: "two"', "pause: 2", "hang up"]


def test_an_agent_who_never_hangs_up_waits_for_the_other_side():
    script = parse_script(HEAD + "steps: [hang up]\nagents: [{says: [one]}]", "s")
    assert [step.words for step in script.agents[0].all_steps()] == ["wait: join", 'say: "one"', "wait: hangup"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("steps: [{wait: gretting}]", "steps[1].wait.for: Input should be 'greeting'"),
        ("steps: [hang up, {sya: hi}]", "steps[2]: no such step; the steps are: wait, say, press"),
        ("steps: [{say: {text: hi, vioce: rms}}]", "steps[1].say.vioce: there is no such field here"),
        ("steps: [{press: xyz}]", "steps[1].press"),
        ("steps: [{wait: {agent: joined, for: reply}}]", "a wait waits for exactly one of"),
        ("steps: [hang up]\nagents: [{name: a}, {name: a}]", "two agents are called a"),
        ("steps: [hang up]\nagents: [{says: [x], steps: [hang up]}]", "either says or steps"),
        ("steps: []", "steps: List should have at least 1 item"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, complaint):
    with pytest.raises(ScriptError) as caught:
        parse_script(HEAD + text, "my.yaml")
    assert complaint in str(caught.value)
    assert "my.yaml" in caught.value.message
    assert caught.value.remedy


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ScriptError) as caught:
        parse_script("name: x\ncaller: {number: abc}\nsteps: [{sya: x}]\nextra: 1", "s")
    for place in ("caller.number", "steps[1]", "extra"):
        assert place in caught.value.message


def test_no_yaml_no_mapping_no_file(tmp_path):
    with pytest.raises(ScriptError, match="is no YAML"):
        parse_script("a: [", "s")
    with pytest.raises(ScriptError, match="holds no script"):
        parse_script("- a", "s")
    with pytest.raises(ScriptError, match="cannot read the script"):
        load_script(tmp_path / "missing.yaml")
    with pytest.raises(ScriptError, match="there is no script 'nope'"):
        builtin_script("nope")
