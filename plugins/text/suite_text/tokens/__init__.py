"""Between text and the numbers of tokens: vocabularies and padding."""
