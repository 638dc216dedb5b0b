"""The index as one watches and changes it."""
