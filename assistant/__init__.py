"""From a published snapshot to a checked answer: snapshot → retriever → writer → grounding → answer."""
