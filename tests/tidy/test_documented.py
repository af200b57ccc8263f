"""Every refusal and every event says what it means, because people and programs read them."""

import ast
import string

import pytest
from tests.tidy.tree import Tree, words

KINDS = {"Refusal", "NotFound", "Conflict", "Invalid", "Forbidden", "Unavailable"}
# Events outlive the people they speak of: they hold identifiers, the rest is looked up.
PERSONAL = words("name first_name last_name email phone address street postcode birthday note")


def bases(node: ast.ClassDef) -> set[str]:
    return {getattr(base, "attr", getattr(base, "id", "")) for base in node.bases}


def silent_errors(tree: Tree) -> list[str]:
    """Refusals without a message, and refusals outside the room of errors."""
    found = []
    for file in tree.files:
        in_room = "errors" in file.steps
        for node in ast.walk(file.syntax):
            if not isinstance(node, ast.ClassDef) or not (in_room or bases(node) & KINDS):
                continue
            message = (ast.get_docstring(node) or "").partition("\n")[0]
            if not is_message(message):
                found.append(file.at(node, f"{node.name}: its docstring is no message"))
            if file.module not in {"kernel", "platform"} and not in_room:
                found.append(file.at(node, f"{node.name}: refusals live in errors.py"))
    return found


def is_message(text: str) -> bool:
    """Tell whether a text is one sentence whose braces can be filled in."""
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        return False
    return text.endswith((".", "?", "!")) and all(name.isidentifier() for name in names)


def silent_events(tree: Tree) -> list[str]:
    """Events without a docstring or a subject, and events that hold personal data."""
    found = []
    for file in tree.rooms("events"):
        classes = {n.name: n for n in ast.walk(file.syntax) if isinstance(n, ast.ClassDef)}
        events = {n: c for n, c in classes.items() if is_event(c, classes)}
        for name, node in events.items():
            if not ast.get_docstring(node):
                found.append(file.at(node, f"{name}: no docstring"))
            if not names_subject(node, classes):
                found.append(file.at(node, f"{name}: no subject"))
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and getattr(field.target, "id", "") in PERSONAL:
                    found.append(file.at(field, f"{name}: personal data in an event"))
    return found


def is_event(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> bool:
    known = bases(node)
    return "Event" in known or any(is_event(classes[b], classes) for b in known & classes.keys())


def names_subject(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> bool:
    own = any(isinstance(part, ast.FunctionDef) and part.name == "subject" for part in node.body)
    inherited = bases(node) & classes.keys()
    return own or any(names_subject(classes[b], classes) for b in inherited)


def test_errors_are_messages(tree):
    assert silent_errors(tree) == []


def test_events_are_documented(tree):
    assert silent_events(tree) == []


@pytest.mark.parametrize(
    "text",
    [
        "class OrderGone(NotFound): ...",
        'class OrderGone(NotFound):\n    """order gone"""',
        'class OrderGone(NotFound):\n    """The order {number is gone."""',
        'class OrderGone(NotFound):\n    """The order {} is gone."""',
    ],
)
def test_silent_error_bites(planted, text):
    assert len(silent_errors(planted(orders__errors=text))) == 1


def test_misplaced_error_bites(planted):
    text = 'class OrderGone(NotFound):\n    """The order {number} is gone."""'
    assert silent_errors(planted(orders__errors=text)) == []


def test_error_in_another_room_bites(planted):
    text = 'class OrderGone(NotFound):\n    """The order {number} is gone."""'
    assert len(silent_errors(planted(orders__domain=text))) == 1


SUBJECT = "    @property\n    def subject(self) -> str: return f'order:{self.order_id}'\n"


@pytest.mark.parametrize(
    "text",
    [
        f"class OrderPlaced(Event):\n    order_id: UUID\n{SUBJECT}",
        'class OrderPlaced(Event):\n    """An order was accepted."""\n    order_id: UUID\n',
        f'class OrderPlaced(Event):\n    """Accepted."""\n    email: str\n{SUBJECT}',
        f"class OrderEvent(Event):\n    'Of one order.'\n{SUBJECT}class Placed(OrderEvent): ...",
    ],
)
def test_silent_event_bites(planted, text):
    assert len(silent_events(planted(orders__events=text))) == 1


def test_documented_event_is_free(planted):
    text = (
        f"class OrderEvent(Event):\n    'About one order.'\n{SUBJECT}"
        "class Placed(OrderEvent):\n    'It was accepted.'\n    channel_id: UUID\n"
    )
    assert silent_events(planted(orders__events=text)) == []
