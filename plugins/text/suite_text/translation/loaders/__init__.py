"""The formats of translations: a module for each."""
