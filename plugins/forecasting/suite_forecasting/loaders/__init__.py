"""The formats of series that are read: a module for each."""
