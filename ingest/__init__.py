"""From a vault of notes to a published snapshot: vault → note → chunk → snapshot."""
