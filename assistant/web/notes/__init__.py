"""The notes as one browses them: the list, a note among its links, what is to mend."""
