"""Every question of the data files gets its answer, its flows, its layers and what forbids the change."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoko.ask.errors import AskError
from shoko.ask.report import lines, written
from shoko.ask.result import ask
from shoko.declaration import check

from .sites import DENIED, LAB, PARTLY, QUESTIONS, Question, with_pasted


def test_there_are_enough_questions_of_each_kind() -> None:
    about_lab = [question for question in QUESTIONS if question.site == LAB]
    assert len(about_lab) >= 30
    for verdict in ("yes", "partly", "no"):
        assert sum(question.written["answer"] == verdict for question in about_lab) >= 5


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_a_question_gets_its_answer(question: Question) -> None:
    result = question.result
    assert result.answer.verdict == question.written["answer"], "\n".join(lines(result))
    flows = list(dict.fromkeys(grant.item.flow for grant in result.answer.grants))
    assert flows == question.written.get("flows", [])


@pytest.mark.parametrize("question", DENIED, ids=str)
def test_a_no_names_the_layers(question: Question) -> None:
    kinds = {layer.kind for way in question.result.ways for layer in way.layers}
    assert kinds == set(question.written["denied"])


@pytest.mark.parametrize("question", PARTLY, ids=str)
def test_the_change_for_the_rest_names_the_narrowest_ends(question: Question) -> None:
    change = question.result.change
    assert change is not None
    assert change.additions is not None
    flow = next(iter(change.additions["flows"].values()))
    assert {end: flow[end] for end in ("from", "to")} == question.written["rest"]


@pytest.mark.parametrize("question", DENIED + PARTLY, ids=str)
def test_what_is_lacking_is_told_with_what_forbids_it(question: Question) -> None:
    result = question.result
    assert result.change is not None
    name = next(iter(result.change.additions["flows"])) if result.change.additions else ""
    forbidden = {problem.path for problem in result.change.forbidden}
    assert forbidden == {path.format(name) for path in question.written["forbidden"]}


@pytest.mark.parametrize("question", DENIED + PARTLY, ids=str)
def test_the_change_pasted_and_filled_in_does_what_was_said_of_it(question: Question, tmp_path: Path) -> None:
    result = question.result
    assert result.change is not None
    if result.change.additions is None:
        assert result.change.remarks
        return
    owner = result.change.owners[-1]
    pasted = written(result.change).replace("why: FILL IN", "why: N-08").replace("owner: FILL IN", f"owner: {owner}")
    site = with_pasted(question.site, pasted, tmp_path)
    said = {(problem.path, problem.message) for problem in result.change.forbidden}
    found = {(problem.path, problem.message) for problem in check(site)}
    assert found <= said
    if not said:
        assert ask(site, *question.asked).answer.verdict == "yes"
    elif not found:  # what the checks let pass, the expansion refuses
        with pytest.raises(AskError):
            ask(site, *question.asked)
    else:
        assert found == said


def test_the_change_left_as_it_is_is_refused(tmp_path: Path) -> None:
    change = ask(LAB, "app1", "db1", "ssh").change
    assert change is not None
    paths = {problem.path for problem in check(with_pasted(LAB, written(change), tmp_path))}
    assert paths == {"flows.app1-to-db1-ssh.why", "flows.app1-to-db1-ssh.owner"}
