"""Talking to a teller: its messages are given to it, and answers fed to what it asks for."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from crosslane.channels import FAMILIES, Answer, Call, Document, Outcome, Outgoing, Talk
from crosslane.channels.adapters.fetching import Page
from crosslane.channels.domain.messages import Order, Outbound, kind_of

Asked = Call | Document


class Told(msgspec.Struct):
    """What came of a conversation.

    Args:
        asked: what the teller wanted done, in its order.
        outcomes: one for each message.
    """

    asked: list[Asked]
    outcomes: Sequence[Outcome]


def outgoing(
    message: Outbound, number: int = 1, *, order: Order | None = None, **known: str
) -> Outgoing:
    return Outgoing(
        key=f"key-{number}", number=number, message=message, order=order, known=dict(known)
    )


def tell(
    family: str,
    messages: Sequence[Outgoing],
    answers: Callable[[Asked], Answer] | Iterable[Answer] = (),
    talk: Talk | None = None,
) -> Told:
    """Let a family tell messages of one kind.

    Args:
        family: its name.
        messages: to be told.
        answers: what is answered, one after the other or as a counterpart decides; a document is
            taken when nothing else is said.
        talk: with whom.

    Raises:
        Busy, Later, Refused: as the teller does.
    """
    telling = FAMILIES[family].tells[kind_of(messages[0].message)]
    assert len(messages) <= telling.at_once_max
    conversation = telling.tell(messages, talk or Talk())
    decide = answers if callable(answers) else _one_by_one(answers)
    asked: list[Asked] = []
    try:
        wanted = next(conversation)
        while True:
            asked.append(wanted)
            wanted = conversation.send(decide(wanted))
    except StopIteration as ended:
        outcomes = ended.value
    assert len(outcomes) == len(messages)
    return Told(asked, outcomes)


def fetch(
    family: str, answer: Callable[[Call], Answer], cursor: str = "", talk: Talk | None = None
) -> Page:
    """Let a family fetch a page.

    Raises:
        Busy, Later, Refused: as the fetcher does.
    """
    fetching = FAMILIES[family].fetches
    assert fetching is not None
    conversation = fetching.fetch(cursor, talk or Talk())
    try:
        wanted = next(conversation)
        while True:
            assert isinstance(wanted, Call)
            wanted = conversation.send(answer(wanted))
    except StopIteration as ended:
        return ended.value


def _one_by_one(answers: Iterable[Answer]) -> Callable[[Asked], Answer]:
    left = iter(answers)

    def decide(wanted: Asked) -> Answer:
        answer = next(left, Answer() if isinstance(wanted, Document) else None)
        assert answer is not None, f"no answer is left for {wanted}"
        return answer

    return decide
