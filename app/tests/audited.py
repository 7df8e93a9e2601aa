"""What the tests of the audit share: acts with the event that each must leave, and what the code writes into it."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.test import Client

from shoko_ils.audit.models import Event
from shoko_ils.circulation.models import Loan, ReturnCase
from shoko_ils.circulation.services import hold_back, lend
from shoko_ils.core.models import Library
from shoko_ils.holdings.models import Item
from shoko_ils.holds.models import Hold
from shoko_ils.patrons.models import Patron
from shoko_ils.staff.models import StaffAccount
from tests.holding import ACTOR, copies, hold, new, open_loan, scan
from tests.privacy import tables

MEROS = 1567
CODE = Path(__file__).resolve().parent.parent / "shoko_ils"


@dataclass(frozen=True)
class Scene:
    """Who and what an act is about, and an empty place for files. `client`: of `demo`, for an act on a screen."""

    patron: Patron
    central: Library
    place: Path
    client: Client | None = None

    @property
    def item(self) -> Item:
        """The copy of 走れメロス that the central library owns."""
        return Item.objects.get(record=MEROS, library=self.central)

    @property
    def officer(self) -> StaffAccount:
        return StaffAccount.objects.get(login_id="demo")

    def lent(self) -> Loan:
        lend(ACTOR, self.patron.pk, self.item.barcode, self.central, new())
        return open_loan(self.item)

    def case(self) -> ReturnCase:
        """An open case of the item, which the patron has brought back wet."""
        loan = self.lent()
        hold_back(ACTOR, self.item.barcode, self.central, ReturnCase.Reason.WATER, new())
        return loan.cases.get()

    def hold(self) -> Hold:
        return hold(self.patron, MEROS)

    def shelved(self) -> Hold:
        """A hold whose copy waits at the central library, with its pickup limit."""
        Patron.objects.filter(pk=self.patron.pk).update(contact="none", email="")
        waits = self.hold()
        scan(copies(MEROS)[0], "central")
        return Hold.objects.get(pk=waits.pk)


@dataclass(frozen=True)
class Act:
    """`prepare` gives what is to be done; it leaves one event `action` by `actor`, about the patron or nobody."""

    action: str
    name: str
    prepare: Callable[[Scene], Callable[[], object]]
    about_patron: bool = False
    actor: str = "demo"
    library: str = "central"

    def __str__(self) -> str:
        return f"{self.action}-{self.name}"


class Acts(list[Act]):
    """The acts of a table, put into it by `leaves`."""

    def leaves(self, action: str, **expected: object) -> Callable[..., Callable[[Scene], Callable[[], object]]]:
        def put(prepare: Callable[[Scene], Callable[[], object]]) -> Callable[[Scene], Callable[[], object]]:
            self.append(Act(action, prepare.__name__, prepare, **expected))  # type: ignore[arg-type]
            return prepare

        return put


def check(act: Act, scene: Scene) -> None:
    """Do the act and look at what it left."""
    done = act.prepare(scene)
    pseudonym = scene.patron.pseudonym
    before = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    done()
    left = Event.objects.filter(pk__gt=before, action=act.action).values_list("actor", "library", "subject")
    assert list(left) == [(act.actor, act.library, pseudonym if act.about_patron else None)]


# --- what the code writes


class Unclear(Exception):
    """An action that cannot be read from the code."""


def written(code: Path = CODE) -> set[str]:
    """Every action in the calls of the audit; a part that is known at run time only is a `*`."""
    return {action for file in sorted(code.rglob("*.py")) for action in actions(file.read_text(encoding="utf-8"))}


def actions(source: str) -> Iterator[str]:
    """The actions that a module writes. Raises Unclear."""
    tree = ast.parse(source)
    modules = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "shoko_ils.audit"
        for alias in node.names
        if alias.name == "record"
    }
    for inside in ast.walk(tree):
        bare = isinstance(inside, ast.ImportFrom) and inside.module == "shoko_ils.audit.record"
        if bare and any(alias.name == "write" for alias in inside.names):
            raise Unclear("write the module's name before the call: audit.write")
        if isinstance(inside, ast.FunctionDef):
            for node in _own(inside):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr == "write"
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id in modules
                ):
                    yield from _values(node.args[1], [*_around(tree, inside), inside], tree)


def _own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What stands in a function, without the functions in it."""
    waits: list[ast.AST] = list(function.body)
    while waits:
        node = waits.pop()
        yield node
        if not isinstance(node, ast.FunctionDef):
            waits += ast.iter_child_nodes(node)


def _around(tree: ast.Module, function: ast.FunctionDef) -> list[ast.FunctionDef]:
    """The functions that a function stands in, the outermost first."""
    every = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node is not function)
    return [node for node in every if any(each is function for each in ast.walk(node))]


def _values(asked: ast.expr, scopes: list[ast.FunctionDef], tree: ast.Module) -> Iterator[str]:
    """What an expression may be: a text, either of two, a text with a gap, a name for one of these."""
    if isinstance(asked, ast.Constant):
        yield str(asked.value)
    elif isinstance(asked, ast.IfExp):
        yield from _values(asked.body, scopes, tree)
        yield from _values(asked.orelse, scopes, tree)
    elif isinstance(asked, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in asked.values)
    elif isinstance(asked, ast.Name):
        meant = [each for scope in reversed(scopes) for each in _meant(asked.id, scope, tree)]
        if not meant:
            raise Unclear(ast.unparse(asked))
        for each, inside in meant:
            yield from _values(each, inside, tree)
    else:
        raise Unclear(ast.unparse(asked))


def _meant(name: str, scope: ast.FunctionDef, tree: ast.Module) -> Iterator[tuple[ast.expr, list[ast.FunctionDef]]]:
    """What is assigned to a name in a function, or given for it where the module calls the function."""
    for node in _own(scope):
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets):
            yield node.value, [scope]
    places = [argument.arg for argument in scope.args.args]
    if name in places:
        for caller in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            for node in _own(caller):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == scope.name:
                    yield node.args[places.index(name)], [caller]


def fits(pattern: str, action: str) -> bool:
    """Whether an action is what the code writes, its `*` filled."""
    return bool(re.fullmatch("[a-z-]+".join(map(re.escape, pattern.split("*"))), action))


def snapshot() -> dict[str, tuple[int, int]]:
    """Every table with the number of its rows and a sum over their versions; sessions are not asked for."""
    found = {}
    version = "hashtextextended(t.ctid::text || t.xmin::text, 0)"
    with connection.cursor() as cursor:
        for table in tables():
            if table != "ils.django_session":
                cursor.execute(f"SELECT count(*), sum({version}) FROM {table} t")
                found[table] = cursor.fetchone()
    return found
