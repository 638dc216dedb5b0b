"""The vault report: what there is to mend in the notes, found without an index."""
