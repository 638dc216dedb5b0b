"""What a session shows and may lean on: frozen, made of exchanges, rendered once each."""

from dataclasses import dataclass, replace

from assistant.answer import Answer, Question, Turn
from assistant.exchange import Exchange
from assistant.web.chat.render import render_question


@dataclass(frozen=True, slots=True)
class Conversation:
    """The exchanges of a session, the HTML of their answers, and the answer on its way, if any.

    `asked` counts the questions taken, those that others replaced too.
    """

    exchanges: tuple[Exchange, ...] = ()
    shown: tuple[str, ...] = ()
    pending: Answer | None = None
    asked: int = 0

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What the next question may lean on."""
        return tuple(turn for exchange in self.exchanges for turn in exchange.turns)

    def before(self, place: int | None) -> "Conversation":
        """Return the conversation up to an exchange that is asked anew; the whole for None."""
        if place is None:
            return self
        return Conversation(self.exchanges[:place], self.shown[:place], asked=self.asked)

    def ask(self, question: Question) -> "Conversation":
        """Return the conversation with a question and an answer still empty."""
        asked = Exchange(question.text, filters=question.filters)
        return Conversation((*self.exchanges, asked), (*self.shown, ""), Answer(), self.asked + 1)

    def show(self, html: str, pending: Answer | None) -> "Conversation":
        """Return the conversation with its last answer shown so."""
        return replace(self, shown=(*self.shown[:-1], html), pending=pending)

    def close(self, answer: Answer) -> "Conversation":
        """Return the conversation with the answer kept for the questions that follow."""
        last = replace(self.exchanges[-1], answer=answer)
        return replace(self, exchanges=(*self.exchanges[:-1], last), pending=None)

    def to_chat(self) -> list[dict[str, str]]:
        """Return the messages as gr.Chatbot takes them."""
        messages = []
        for place, (exchange, html) in enumerate(zip(self.exchanges, self.shown, strict=True)):
            question = render_question(exchange.question, first=place == 0, filters=exchange.filters)
            messages.append({"role": "user", "content": question})
            messages.append({"role": "assistant", "content": html})
        return messages
