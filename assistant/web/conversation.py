"""What a session has seen; it stays on the server, and the browser never sends back what it was shown."""

from dataclasses import dataclass, replace

from assistant.answer import Answer, Turn
from assistant.web.render import render_question


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a session has seen: messages as HTML, turns as text, and the answer on its way, if any."""

    messages: tuple[tuple[str, str], ...] = ()
    turns: tuple[Turn, ...] = ()
    pending: Answer | None = None

    def ask(self, question: str) -> "Conversation":
        """Return the conversation with a question and an answer still empty."""
        shown = render_question(question, first=not self.messages)
        return Conversation((*self.messages, ("user", shown), ("assistant", "")), self.turns, Answer())

    def show(self, html: str, pending: Answer | None) -> "Conversation":
        """Return the conversation with its last message replaced."""
        return replace(self, messages=(*self.messages[:-1], ("assistant", html)), pending=pending)

    def close(self, question: str, answer: Answer) -> "Conversation":
        """Return the conversation with the turn kept for the questions that follow."""
        turn = (Turn("user", question), Turn("assistant", answer.text, answer.private))
        return replace(self, turns=(*self.turns, *turn), pending=None)

    def to_chat(self) -> list[dict[str, str]]:
        """Return the messages as gr.Chatbot takes them."""
        return [{"role": role, "content": html} for role, html in self.messages]
