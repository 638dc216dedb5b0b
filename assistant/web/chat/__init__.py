"""The conversation: a question on its way, what is shown of it, and the one Gradio page."""
