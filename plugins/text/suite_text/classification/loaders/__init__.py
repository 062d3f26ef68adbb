"""The formats of labeled texts: a module for each, and what tells them apart."""
