"""From files to clean text: encodings, tables, lines, splits, and what is wrong with them."""
