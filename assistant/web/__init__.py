"""The French page: a Gradio chat in our own ASGI server."""
